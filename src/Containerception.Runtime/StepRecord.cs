namespace Containerception.Runtime;

/// <summary>One step of a container's making, told after it was done.</summary>
/// <param name="Name">The step's name, the same on every run: <c>mount</c>, <c>pivot-root</c>, <c>seccomp</c>.</param>
/// <param name="Words">What was done: <c>mount proc on /proc</c>.</param>
/// <param name="Call">The system call as strace would write it.</param>
/// <param name="Why">Why a container needs it, in a sentence.</param>
/// <param name="Took">How long the kernel took.</param>
public sealed record StepRecord(string Name, string Words, string Call, string Why, TimeSpan Took);
