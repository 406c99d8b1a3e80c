import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Trains networks on packed descriptors.
enum Train: Program {
  static let name = "train"
  static let summary = "trains networks on TFRecord files"
  static let options = CommandLineOptions([
    .config, .set, .trainingDevices,
    .init(
      "--instances", value: "N",
      help: "a committee: N trainings, seeds one apart, in train_dir/instance_<i>"),
    .init("--debug", help: "says all keys, the plan of a step and each step's structures"),
    .refused("--list_of_nodes", value: "NODES", oneMachine),
    .refused("--task_index_variable", value: "NAME", oneMachine),
    .refused("--parameter_servers", value: "N", oneMachine),
    .withoutEffect("--communication_port", value: "PORT", "no network is used"),
    .refused("--debug_parallel", oneMachine),
    .refused("--debug_parallel_index", value: "N", oneMachine),
  ])
  private static let oneMachine =
    "a training runs on one machine, on as many threads as [PARALLELIZATION] says"
  static let details = """
    [IO_INFORMATION]
      data_dir                   folder of *.tfrecord files
      input_format (TFR)         single_files: data_dir has *.bin files; example: it has *.example
                                 files, described by gvect_ini when they are wanted
      train_dir                  folder for checkpoints, event files and the trained networks
      log_dir                    folder for delta_e.dat and delta_e_std.dat, of one training at a time
                                 (.); one that begins anew writes them anew
      save_checkpoint_steps (1)  max_ckpt_to_keep (100000)
      write_tf_checkpoints       True: checkpoints for TensorFlow too, model.ckpt-<step>, with what
                                 this program needs to go on in panna/notes (False)
      log_frequency (1)          tensorboard_log_frequency (log_frequency)
      metrics                    some of MAE, RMSE, loss: errors for each atom and force component, or
                                 the losses, of each logged step in log_dir/metrics.dat
      gvect_ini                  the descriptors' configuration, kept with the networks so that
                                 predict and md can use them (\(DescriptorRecord.name) in
                                 data_dir, which must say the same)
    [DATA_INFORMATION]
      atomic_sequence            species in the order of their indices
      output_offset              an energy for each species, eV
      energy_rescale (1.0)       what energies without offsets, and forces, are multiplied with; the
                                 networks' outputs are divided by it wherever they are used; that of
                                 networks_metadata where it says one, which alone is allowed then
    [TRAINING_PARAMETERS]
      batch_size  max_steps  learning_rate
      learning_rate_constant (True); if False: learning_rate_decay_factor and
                                 learning_rate_decay_step (equation 13)
      beta1 (0.9)  beta2 (0.999)  adam_eps (1e-8)  clip_value (0.0: off)
      half_derivatives (False)   derivatives are kept in half precision: half the memory to read in a
                                 step with forces; exact for those packed as half_blocks, else off by
                                 at most 2^-11 of themselves or 2^-39 of the structure's largest
      wscale_l1  wscale_l2  bscale_l1  bscale_l2  (0.0)
      loss_function (quad)       quad, exp_quad, quad_atom, quad_std_atom, exp_quad_atom,
                                 exp_quad_std_atom, quad_exp_tanh, quad_exp_tanh_atom,
                                 quad_exp_tanh_std_atom
      floss_function (quad)      quad, exp_quad, quad_atom, exp_quad_atom
                                 both may be a file in the graph language, *.graph: from errors or
                                 squared_errors, and atom_counts, to loss
      loss_cap (5.0)             the cap of the quad_exp_tanh losses (a of equation 15)
      energy_reduction (sum)     force_reduction (sum)   sum or mean over the batch; losses that are
                                 texts say it themselves
      forces_cost (0.0)          above 0: trains on forces too
      seed (0)                   of the initial networks and of the order of examples
    [DEFAULT_NETWORK] and a section for any species, named by its symbol
      g_size                     the descriptors' size
      architecture               the layers' sizes with ":" between them, the last one 1
      activations                of each layer linear, gaussian, rbf, relu or tanh, with ":" between
                                 them (gaussian, linear for the last one)
      trainable                  of each layer True or False, with ":" between them (True)
      nn_type (a2aff)            ff or a2a are other names of the only type that there is
                                 sections without architecture and graph take activations and
                                 trainable over from DEFAULT_NETWORK; saved networks keep their
                                 activations unless their own section says otherwise
      graph                      instead of architecture: a file in the graph language, from
                                 descriptors to energies (see Graphs/network.graph)
      initialization (original)  of the weights: original, ±1/out; glorot; he
      networks_metadata          DEFAULT_NETWORK: folder of saved networks to begin with
      behavior                   species: for each layer keep (the saved one's, with the activation that
                                 it was trained with unless the section has activations), new (random)
                                 or load (from layer<i>_w_file and layer<i>_b_file, NumPy arrays)
      output_offset              species: its energy, eV
    [VALIDATION]                 or [VALIDATION_OPTIONS], optional: looks at structures that are not
                                 trained on. A line of log_dir/validation.dat has the step, the
                                 energy's RMSE (eV), its RMSE and MAE per atom (eV) and, with forces,
                                 their RMSE (eV/angstrom); one of other columns gets another name, as
                                 metrics.dat does
      data_dir                   folder of the same format as the training's
      frequency                  in steps (save_checkpoint_steps); the step max_steps is looked at, too,
                                 which does not count for patience unless it is its turn
      patience (0)               ends the training after so many validations in a row that are no
                                 better by min_gain (0.0) than the last that was so; 0: never
      criterion (energy)         what is best: energy, its RMSE per atom, or forces, the RMSE of a
                                 component; min_gain is in its unit, eV per atom or eV/angstrom
      keep_best (True)           the best networks, whatever min_gain is, are kept in
                                 train_dir/best_networks; validation.json there has their step and
                                 error
    [PARALLELIZATION]
      intra_op_parallelism_threads (0: as many as the process may use),
      inter_op_parallelism_threads (1; operations that run at a time)
      device (cpu)               what computes: cpu, gpu, gpu:N, opencl:N or auto, a GPU where there is
                                 one (see panna devices); gpus, all that there are, or a list, such as
                                 gpu:0, gpu:1: they share each batch; --device prevails
      log_device_placement (False)   prints what computes each operation; the original's
                                 [IO_INFORMATION] has it too
      num_parallel_readers (1)   num_parallel_calls (1)   the larger of them is the number of threads
                                 that read structures and put batches together
      prefetch_buffer_size_multiplier (10)   batches made ahead at most
      shuffle_buffer_size_multiplier  reading stays within so many batches at a time, for data on
                                 disks that are slow at random places; without it the order is
                                 drawn from all structures
      dataset_cache (True)       structures that were read stay in memory, as far as it reaches
      memory_budget              for structures and batches, in MiB (half of what there is)
      slice_memory (4)           with forces, losses that are sums, networks of layers, on the CPU: a
                                 step takes its batch in slices of so many MiB of derivatives, which
                                 stay in the processor's cache from one use to the next; 0: as a whole
      slices (one a device where there are several)  a step takes its batch in so many slices of about
                                 the same size, which devices compute in turn, as many at a time as
                                 there are threads; losses as for slice_memory. The same number gives
                                 the same bits on any number of equal devices
    [IO_INFORMATION], of *.example files
      descriptor_cache           folder that keeps what was computed, for any descriptors; the next
                                 epoch or training reads it there (none)
    [IO_INFORMATION], of TFRecords
      damaged_records (strict)   skip: damaged records are left out and told of
      max_damaged_records (100)  more than these end the training all the same; bytes lost behind a
                                 damaged length count as so many records of the usual size, what is
                                 behind damage that ends a compressed file as one

    TensorBoard (tensorboard --logdir train_dir) shows the event files: curves by the original's tags,
    whose "RMSE" is a standard deviation, with RMSE and MAE in eV and eV/angstrom under 5.Errors and
    6.Validation beside them; histograms of weights and biases; the graph, with what its operations
    cost in five steps; the configuration.

    A training in a train_dir that holds checkpoints goes on from the newest one that is whole, this
    program's, or TensorFlow's beside networks_metadata.json, with the example that would have come
    next; atomic_sequence, activations and descriptors must be those it was begun with. The best
    networks are looked for anew where criterion or the structures of [VALIDATION], wherever they
    are, are others. Best networks that are not those which the checkpoint tells of get another name,
    best_networks.<step>, with the step that the training goes on from.
    SIGTERM, SIGINT and SIGUSR1 end it after the step with a checkpoint and status 0; a second SIGINT
    ends it at once. Numbers that are not finite end it with the step, the term and the structures. No
    two trainings use one train_dir or log_dir at a time.
    """
  static let example = "  panna train --config train.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let file = try arguments.configuration()
    let instances = try arguments.int("--instances", in: 1...1000)
    var configurations =
      try instances.map { count in
        try (0..<count).map { try TrainConfiguration(file, instance: $0) }
      } ?? [TrainConfiguration(file)]
    if let devices = try arguments.trainingDevices() {
      for index in configurations.indices { configurations[index].devices = devices }
    }
    for key in configurations[0].ignored { warn("train: \(key) has no effect here") }
    // One for all: a signal that comes as one instance ends is for the next one, too.
    let signals = StopSignals()
    for (index, configuration) in configurations.enumerated() {
      if let signal = signals.received {
        return say("train: \(signal) before instance \(index); the same command goes on from there")
      }
      let training = try TrainingRun(configuration, saysMore: arguments.has("--debug"))
      guard try training.run(until: signals) else { return }
    }
  }
}
