// Clients are slow where two of them share a processor, and their patience is their own.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

// They take minutes, and a first run downloads them.
[assembly: Trait("category", "long")]
