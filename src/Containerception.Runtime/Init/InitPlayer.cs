using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// Plays an <see cref="InitProgram"/> in a cloned child: the no-runtime zone. The README of this folder has its rules.
/// </summary>
internal static unsafe class InitPlayer
{
    private const int ClockMonotonic = 1;

    /// <summary>The exit status of an init whose program failed: nobody sees it but a debugger.</summary>
    private const int FailureStatus = 127;

    /// <summary>Plays from the first step on. The last step execs or exits; coming to the end is a failure too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
    public static void Play(InitProgram* program)
    {
        int at = 0;
        while (at >= 0 && at < program->StepCount)
        {
            InitStep* step = program->Steps + at;
            program->Reached = at > program->Reached ? at : program->Reached;
            long started = program->Clock != 0 ? Now(program) : 0;
            int next = at + 1;
            nint result = Do(program, step, &next);
            if (program->Clock != 0)
            {
                step->Nanoseconds = Now(program) - started;
                step->Played = 1;
            }

            if (result < 0 && !Tolerates(step, (int)-result))
            {
                // The first failure is the one to tell: a hook's clone that could not execute comes before "the hook failed".
                if (program->FailedStep == InitProgram.NothingFailed)
                {
                    program->FailedErrno = (int)-result;
                    program->FailedStep = at;
                }

                at = program->Cleanup;
                program->Cleanup = InitProgram.NoCleanup;
                continue;
            }

            // The memory is shared: the clone's own 0 must not overwrite its pid, which the process that cloned it writes.
            if (step->Result >= 0 && !(step->Kind == InitStepKind.Fork && result == 0))
            {
                program->Slots[step->Result] = result;
            }

            at = result < 0 ? step->Otherwise : next;
        }

        while (true)
        {
            program->Syscall((nint)SyscallNumbers.SYS_exit_group, FailureStatus, 0, 0, 0, 0, 0);

            // Here only if the container's own filter refuses exit_group. A fault needs no system call: no handler is left, and it ends us.
            Volatile.Write(ref *(byte*)0, 0);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Do(InitProgram* program, InitStep* step, int* next)
    {
        switch (step->Kind)
        {
            case InitStepKind.Call:
                nint result = Call(program, step);
                return result >= 0 && result < step->Least ? -step->ShortErrno : result;
            case InitStepKind.Jump:
                *next = (int)step->A0;
                return 0;
            case InitStepKind.JumpIf:
                *next = program->Slots[step->A0] >= 0 ? (int)step->A1 : *next;
                return 0;
            case InitStepKind.Fork:
                nint pid = program->Syscall((nint)SyscallNumbers.SYS_clone3, step->A0, step->A1, 0, 0, 0, 0);
                *next = pid == 0 ? (int)step->A2 : *next;
                return pid;
            case InitStepKind.Verify:
                return (*(nint*)step->A0 & step->A1) == step->A2 ? 0 : -step->A3;
            case InitStepKind.Refuse:
                return (*(nint*)step->A0 & step->A1) == step->A2 ? -step->A3 : 0;
            case InitStepKind.Store:
                *(int*)step->A0 = (int)program->Slots[step->A1];
                return 0;
            case InitStepKind.StorePointer:
                *(nint*)step->A0 = program->Slots[step->A1];
                return 0;
            case InitStepKind.Load:
                return *(int*)step->A0;
            case InitStepKind.Target:
                return InitTarget.Open(program, step);
            case InitStepKind.Find:
                return InitTarget.OpenInRoot(program, program->Slots[step->A0], (byte*)step->A1, step->A2);
            case InitStepKind.CopyUp:
                return InitCopyUp.Copy(program, step);
            case InitStepKind.Lookup:
                return InitLookup.Find(program, step);
            default:
                return -step->A0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Call(InitProgram* program, InitStep* step) => program->Syscall(
        step->Number,
        Argument(program, step->SlotMask & 1, step->A0),
        Argument(program, step->SlotMask & 2, step->A1),
        Argument(program, step->SlotMask & 4, step->A2),
        Argument(program, step->SlotMask & 8, step->A3),
        Argument(program, step->SlotMask & 16, step->A4),
        Argument(program, step->SlotMask & 32, step->A5));

    private static nint Argument(InitProgram* program, int isSlot, nint value) => isSlot != 0 ? program->Slots[value] : value;

    private static bool Tolerates(InitStep* step, int errno)
        => errno == step->TolerateA || errno == step->TolerateB || errno == step->TolerateC;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Now(InitProgram* program)
    {
        long* time = stackalloc long[2];
        program->Syscall((nint)SyscallNumbers.SYS_clock_gettime, ClockMonotonic, (nint)time, 0, 0, 0, 0);
        return (time[0] * 1_000_000_000) + time[1];
    }
}
