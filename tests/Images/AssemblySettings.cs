// Each starts a registry; what is measured is whether, not how fast.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
