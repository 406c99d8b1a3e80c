// Evaluates structures with a portable model of OpenKIM and compares with what the file says.
//
// USAGE: openkim MODEL FILE
//
// FILE holds structures one after the other: the number of atoms, the energy in eV, the three vectors of the
// cell (zeros where it does not repeat), and for each atom its symbol, its position in angstrom and the force on
// it in eV/angstrom. Exit status 1 where an energy is off by 1e-6 eV or a force by 1e-5 eV/angstrom.

#include <KIM_SimulatorHeaders.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Atoms and their images within the model's reach, and for each atom its neighbours.
typedef struct {
  int count, capacity, *codes, *contributing, *owner;
  double *positions, cutoff;
  int *found;
} Particles;

static void check(int error, char const *what) {
  if (!error) return;
  fprintf(stderr, "error: %s failed\n", what);
  exit(1);
}

static void append(Particles *p, int code, int owner, int contributes, double const *x) {
  if (p->count == p->capacity) {
    p->capacity = 2 * p->capacity + 64;
    p->codes = realloc(p->codes, p->capacity * sizeof(int));
    p->contributing = realloc(p->contributing, p->capacity * sizeof(int));
    p->owner = realloc(p->owner, p->capacity * sizeof(int));
    p->found = realloc(p->found, p->capacity * sizeof(int));
    p->positions = realloc(p->positions, p->capacity * 3 * sizeof(double));
  }
  p->codes[p->count] = code;
  p->contributing[p->count] = contributes;
  p->owner[p->count] = owner;
  memcpy(p->positions + 3 * p->count, x, 3 * sizeof(double));
  p->count++;
}

static int neighbours(
    void *const data, int const lists, double const *const cutoffs, int const list,
    int const particle, int *const count, int const **const indices) {
  Particles *p = data;
  (void)lists, (void)list, (void)cutoffs;
  *count = 0;
  for (int j = 0; j < p->count; j++) {
    double squared = 0;
    for (int c = 0; c < 3; c++) {
      double d = p->positions[3 * j + c] - p->positions[3 * particle + c];
      squared += d * d;
    }
    if (j != particle && squared < p->cutoff * p->cutoff) p->found[(*count)++] = j;
  }
  *indices = p->found;
  return 0;
}

// Energy and, for the first `atoms` particles, the forces with those of their images.
static double evaluate(KIM_Model *model, Particles *p, int atoms, double *forces) {
  KIM_ComputeArguments *arguments;
  check(KIM_Model_ComputeArgumentsCreate(model, &arguments), "making arguments");
  double energy = 0, *all = calloc(3 * p->count, sizeof(double));
  int error =
      KIM_ComputeArguments_SetArgumentPointerInteger(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_numberOfParticles, &p->count)
      || KIM_ComputeArguments_SetArgumentPointerInteger(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_particleSpeciesCodes, p->codes)
      || KIM_ComputeArguments_SetArgumentPointerInteger(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_particleContributing, p->contributing)
      || KIM_ComputeArguments_SetArgumentPointerDouble(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_coordinates, p->positions)
      || KIM_ComputeArguments_SetArgumentPointerDouble(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_partialEnergy, &energy)
      || KIM_ComputeArguments_SetArgumentPointerDouble(
          arguments, KIM_COMPUTE_ARGUMENT_NAME_partialForces, all)
      || KIM_ComputeArguments_SetCallbackPointer(
          arguments, KIM_COMPUTE_CALLBACK_NAME_GetNeighborList, KIM_LANGUAGE_NAME_c,
          (KIM_Function *)&neighbours, p);
  check(error, "setting arguments");
  check(KIM_Model_Compute(model, arguments), "computing");
  memset(forces, 0, 3 * atoms * sizeof(double));
  for (int j = 0; j < p->count; j++)
    for (int c = 0; c < 3; c++) forces[3 * p->owner[j] + c] += all[3 * j + c];
  free(all);
  KIM_Model_ComputeArgumentsDestroy(model, &arguments);
  return energy;
}

// Images of atom `i` within as many cells as could matter.
static void addImages(Particles *p, int i, double cell[3][3], double const *x) {
  int reach[3];
  for (int k = 0; k < 3; k++) {
    double *a = cell[k];
    int repeats = a[0] != 0 || a[1] != 0 || a[2] != 0;
    // Cells of the tests are not flat: a few more than the vector's length asks for are enough.
    reach[k] = repeats ? (int)ceil(2 * p->cutoff / sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])) : 0;
  }
  for (int n0 = -reach[0]; n0 <= reach[0]; n0++)
    for (int n1 = -reach[1]; n1 <= reach[1]; n1++)
      for (int n2 = -reach[2]; n2 <= reach[2]; n2++) {
        if (n0 == 0 && n1 == 0 && n2 == 0) continue;
        double image[3];
        for (int c = 0; c < 3; c++)
          image[c] = x[c] + n0 * cell[0][c] + n1 * cell[1][c] + n2 * cell[2][c];
        append(p, p->codes[i], i, 0, image);
      }
}

// The larger one; once it is no number it stays so.
static double larger(double one, double other) { return isnan(other) || other > one ? other : one; }

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: openkim MODEL FILE\n"), 2;
  FILE *file = fopen(argv[2], "r");
  if (!file) return fprintf(stderr, "%s: cannot be read\n", argv[2]), 1;
  KIM_Model *model;
  int accepted;
  check(
      KIM_Model_Create(
          KIM_NUMBERING_zeroBased, KIM_LENGTH_UNIT_A, KIM_ENERGY_UNIT_eV, KIM_CHARGE_UNIT_e,
          KIM_TEMPERATURE_UNIT_K, KIM_TIME_UNIT_ps, argv[1], &accepted, &model),
      "loading the model");
  check(!accepted, "agreeing on units");
  Particles p = {0};
  KIM_Model_GetInfluenceDistance(model, &p.cutoff);
  int atoms, structures = 0;
  double expected, worstEnergy = 0, worstForce = 0, largestForce = 0;
  while (fscanf(file, "%d %lf", &atoms, &expected) == 2) {
    double cell[3][3], *wanted = malloc(3 * atoms * sizeof(double));
    double *forces = malloc(3 * atoms * sizeof(double));
    for (int k = 0; k < 9; k++) check(fscanf(file, "%lf", &cell[k / 3][k % 3]) != 1, "reading");
    p.count = 0;
    for (int i = 0; i < atoms; i++) {
      char symbol[16];
      double x[3], *f = wanted + 3 * i;
      int read = fscanf(
          file, "%15s %lf %lf %lf %lf %lf %lf", symbol, x, x + 1, x + 2, f, f + 1, f + 2);
      check(read != 7, "reading");
      int supported, code;
      check(
          KIM_Model_GetSpeciesSupportAndCode(
              model, KIM_SpeciesName_FromString(symbol), &supported, &code)
              || !supported,
          "looking for the species");
      append(&p, code, i, 1, x);
    }
    for (int i = 0; i < atoms; i++) {
      double x[3];
      memcpy(x, p.positions + 3 * i, sizeof x);
      addImages(&p, i, cell, x);
    }
    double energy = evaluate(model, &p, atoms, forces);
    worstEnergy = larger(worstEnergy, fabs(energy - expected));
    for (int k = 0; k < 3 * atoms; k++) {
      worstForce = larger(worstForce, fabs(forces[k] - wanted[k]));
      largestForce = larger(largestForce, fabs(forces[k]));
    }
    structures++;
    free(wanted);
    free(forces);
  }
  printf(
      "%d structures: energies within %.1e eV, forces of up to %.1e within %.1e eV/angstrom\n",
      structures, worstEnergy, largestForce, worstForce);
  return structures == 0 || !(largestForce > 0) || !(worstEnergy < 1e-6) || !(worstForce < 1e-5);
}
