using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

// Limits are measured: two containers at a time would measure each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
