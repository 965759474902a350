using System.Runtime.InteropServices;

namespace Containerception.Runtime;

/// <summary>What a step of the zone does. Each is one case of <see cref="InitPlayer"/>.</summary>
internal enum InitStepKind
{
    /// <summary>A system call with the step's arguments.</summary>
    Call,

    /// <summary>Goes on at step <c>A0</c>.</summary>
    Jump,

    /// <summary>Goes on at step <c>A1</c> when slot <c>A0</c> is not negative.</summary>
    JumpIf,

    /// <summary>clone3(A0, A1): the child goes on at step <c>A2</c>, the parent with the next one.</summary>
    Fork,

    /// <summary>Fails with errno <c>A3</c> unless the word at <c>A0</c>, masked by <c>A1</c>, is <c>A2</c>.</summary>
    Verify,

    /// <summary>Fails with errno <c>A3</c> if the word at <c>A0</c>, masked by <c>A1</c>, is <c>A2</c>.</summary>
    Refuse,

    /// <summary>Writes the low 32 bits of slot <c>A1</c> to <c>A0</c>.</summary>
    Store,

    /// <summary>Writes all of slot <c>A1</c> to <c>A0</c>.</summary>
    StorePointer,

    /// <summary>Reads 32 bits at <c>A0</c> into the step's result slot.</summary>
    Load,

    /// <summary>Opens, and where it is missing makes, a mount's target: see <see cref="InitTarget"/>.</summary>
    Target,

    /// <summary>Opens what is there below the root, and makes nothing: see <see cref="InitTarget"/>.</summary>
    Find,

    /// <summary>Finds the program among candidates: see <see cref="InitLookup"/>.</summary>
    Lookup,

    /// <summary>Copies a directory's content: see <see cref="InitCopyUp"/>.</summary>
    CopyUp,

    /// <summary>Fails with errno <c>A0</c>.</summary>
    Fail,
}

/// <summary>One step, in native memory that parent and child share.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitStep
{
    public const int NoSlot = -1;

    public InitStepKind Kind;

    /// <summary>The system call's number, of a <see cref="InitStepKind.Call"/>.</summary>
    public int Number;

    public nint A0;
    public nint A1;
    public nint A2;
    public nint A3;
    public nint A4;
    public nint A5;

    /// <summary>Bit n: argument n is the number of a slot whose value is meant.</summary>
    public int SlotMask;

    /// <summary>The slot that gets the result, or <see cref="NoSlot"/>.</summary>
    public int Result;

    /// <summary>Errnos that are no failure: the step's slot gets the negative errno and the play goes on at <see cref="Otherwise"/>.</summary>
    public int TolerateA;
    public int TolerateB;
    public int TolerateC;

    /// <summary>Where a tolerated errno leads.</summary>
    public int Otherwise;

    /// <summary>A result below this is a failure with <see cref="ShortErrno"/>: an end of file, a time-out.</summary>
    public int Least;
    public int ShortErrno;

    /// <summary>When <see cref="InitProgram.Clock"/> is set: how long the step took.</summary>
    public long Nanoseconds;

    /// <summary>When <see cref="InitProgram.Clock"/> is set: whether the step was played.</summary>
    public int Played;
}

/// <summary>The whole program, and what its player reports: all that the zone ever reaches.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InitProgram
{
    /// <summary>What <see cref="FailedStep"/> says while nothing has failed.</summary>
    public const int NothingFailed = -1;

    /// <summary>What <see cref="Cleanup"/> says when there is nothing to take back.</summary>
    public const int NoCleanup = -1;

    // A managed function pointer on purpose: the compiler emits a bare indirect call. A P/Invoke, even with
    // [SuppressGCTransition], is followed by a GC poll; after clone3 no thread is left to end that wait.
    public delegate*<nint, nint, nint, nint, nint, nint, nint, nint> Syscall;
    public InitStep* Steps;
    public nint* Slots;
    public int StepCount;

    /// <summary>1 when somebody wants to be told how long each step took.</summary>
    public int Clock;

    /// <summary>Written by the child: the step that failed and why. The parent has the words.</summary>
    public int FailedStep;
    public int FailedErrno;

    /// <summary>Written by the child: the furthest step begun. A clone on its way out never turns it back.</summary>
    public int Reached;

    /// <summary>Where the play goes on, once, after a failure: to take back what would outlive the child.</summary>
    public int Cleanup;

    /// <summary>Room for paths: <see cref="InitTarget.ScratchSize"/> bytes.</summary>
    public byte* Scratch;
}
