# From JSON lines to one table: least times of all rounds, and how many times as long others take.
# `by` is what is compared, min or processors.

function field(name,    rest) {
  if (!match($0, "\"" name "\": *")) return ""
  rest = substr($0, RSTART + RLENGTH)
  if (rest ~ /^"/) { rest = substr(rest, 2); sub(/".*/, "", rest) } else sub(/[,}].*/, "", rest)
  return rest
}

/^\{/ {
  program = field("program")
  threads = field("threads")
  if (program == "") {
    program = "engine"
    threads = field("intra_op") > field("inter_op") ? field("intra_op") : field("inter_op")
  }
  key = field("workload") "\t" field("case") "\t" threads
  if (!(key in unit)) order[++count] = key
  unit[key] = field("unit")
  time = field(by == "" ? "min" : by) + 0
  if (!((key, program) in least) || time < least[key, program]) least[key, program] = time
  programs[program]
}

function cell(key, program) {
  if (!((key, program) in least)) return "| "
  return sprintf("| %.4g (%.2f) ", least[key, program], least[key, program] / least[key, "engine"])
}

END {
  bare = "ceilings\tA's bare matrix products in OpenBLAS"
  plain = "ceilings\tB's derivatives contracted and back in plain C"
  print "| workload | case | threads | unit | engine | PyTorch | TensorFlow | TorchANI | limit |"
  print "|---|---|---|---|---|---|---|---|---|"
  for (place = 1; place <= count; place++) {
    key = order[place]
    split(key, part, "\t")
    if (part[1] == "A" && part[2] ~ /^training/) limit = bare
    else if (part[1] == "B" && part[2] ~ /^training/) limit = plain
    else limit = ""
    limit = limit "\t" part[3]
    printf "| %s | %s | %s | %s | %.4g ", part[1], part[2], part[3], unit[key], least[key, "engine"]
    printf "%s%s%s", cell(key, "PyTorch"), cell(key, "TensorFlow"), cell(key, "TorchANI")
    if ((limit, "engine") in least)
      printf "| %.4g (%.2f) |\n", least[limit, "engine"], least[limit, "engine"] / least[key, "engine"]
    else print "| |"
  }
  print "\nLeast times; in brackets how many times as long as the engine."
}
