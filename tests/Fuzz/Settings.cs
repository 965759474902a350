// One target at a time, so that each has the processor and the count per minute means something.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
