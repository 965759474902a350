using System.Runtime.Versioning;

// The kernel has one list of mounts and of cgroups, and every test counts them.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: SupportedOSPlatform("linux")]
