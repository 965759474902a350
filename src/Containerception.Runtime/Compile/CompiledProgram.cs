using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>A program ready to be played, and the words for what its player reports.</summary>
internal sealed unsafe class CompiledProgram(InitProgram* program, List<Story> stories, List<int> storyOf, List<int> textMask)
{
    /// <summary>A step that makes more calls than this makes the same one again and again.</summary>
    private const int CallsTold = 12;

    public InitProgram* Program { get; } = program;

    public nint SlotValue(Slot slot) => Program->Slots[slot.Number];

    public void SetSlot(Slot slot, nint value) => Program->Slots[slot.Number] = value;

    /// <summary>What the child says went wrong; null while it said nothing.</summary>
    public ContainerException? Failure()
    {
        int failed = Program->FailedStep;
        return failed == InitProgram.NothingFailed ? null : Failure(failed, (Errno)Program->FailedErrno);
    }

    /// <summary>A child that is gone and said nothing: null when it is so because it became the user's program, which the last step does.</summary>
    public ContainerException? Death()
    {
        int reached = Program->Reached;
        return reached == Program->StepCount - 1 ? null : new ContainerException(
            FailureKind.System,
            $"{stories[storyOf[reached]].Tell()}: {CallText(reached)}: the process was killed",
            "the container was ended meanwhile; or a memory limit is too small to start in, which the kernel's log tells: raise linux.resources.memory.limit");
    }

    /// <summary>The failure of the last step, which execs, when it comes to light only after it.</summary>
    public ContainerException FailureOfLast(Errno errno) => Failure(Program->StepCount - 1, errno);

    private ContainerException Failure(int failed, Errno errno)
    {
        Story story = stories[storyOf[failed]];
        InitStep* step = Program->Steps + failed;
        string name = step->Kind == InitStepKind.Call ? SyscallNames.Of(step->Number) : story.Name;
        string message = story.Failure is { } failure
            ? $"{story.Fill(failure)}: {TextOf(story, errno)}"
            : $"{story.Tell()}: {CallText(failed)}: {TextOf(name, errno)}";
        FailureKind kind = errno is Errno.ENOSYS ? FailureKind.Unsupported : FailureKind.System;
        return new ContainerException(kind, message, Hints.For(name, errno, story));
    }

    /// <summary>docker and podman look for these words to tell exit codes 126 and 127 apart.</summary>
    private static string TextOf(Story story, Errno errno)
        => story.Name == "program" && errno == Errno.ENOENT && !story.First!.Contains('/', StringComparison.Ordinal)
            ? "executable file not found in $PATH"
            : LinuxException.Text(errno);

    /// <summary>move_mount(2) has EINVAL where mount(2) has ENOTDIR, and docker looks for the words of that.</summary>
    private static string TextOf(string call, Errno errno)
        => (call, errno) == ("move_mount", Errno.EINVAL) ? "one is not a directory, the other is (EINVAL)" : LinuxException.Describe(errno);

    /// <summary>Tells every story whose steps were played since the last call, in order; and those not yet played when <paramref name="all"/>.</summary>
    public void Tell(Action<StepRecord> listener, bool all)
    {
        for (int first = 0; first < storyOf.Count;)
        {
            int last = first;
            bool played = false;
            while (last < storyOf.Count && storyOf[last] == storyOf[first])
            {
                played |= Program->Steps[last++].Played == 1;
            }

            if (played || (all && Program->Steps[first].Played == 0))
            {
                listener(Tell(first, last, played));
            }

            first = last;
        }
    }

    private StepRecord Tell(int first, int last, bool played)
    {
        long nanoseconds = 0;
        int count = 0;
        StringBuilder calls = new();
        for (int i = first; i < last; i++)
        {
            // Of a story that was played only what was played: the other branch did not happen.
            InitStep* step = Program->Steps + i;
            if (step->Kind == InitStepKind.Call && (step->Played == 1 || !played) && ++count <= CallsTold)
            {
                calls.Append(calls.Length > 0 ? "; " : "").Append(CallText(i));
            }

            nanoseconds += step->Played == 1 ? step->Nanoseconds : 0;
            step->Played = step->Played == 1 ? 2 : step->Played;
        }

        if (count > CallsTold)
        {
            calls.Append(CultureInfo.InvariantCulture, $"; and {count - CallsTold} more");
        }

        Story story = stories[storyOf[first]];
        return new StepRecord(story.Name, story.Tell(), calls.ToString(), story.Why, TimeSpan.FromMicroseconds(nanoseconds / 1000.0));
    }

    private string CallText(int index)
    {
        InitStep* step = Program->Steps + index;
        if (step->Kind != InitStepKind.Call)
        {
            return step->Kind is InitStepKind.Target or InitStepKind.Find ? $"openat2(root, \"{Marshal.PtrToStringUTF8(step->A1)}\")" : stories[storyOf[index]].Name;
        }

        int count = SyscallNames.ArgumentCount(step->Number);
        StringBuilder text = new(SyscallNames.Of(step->Number));
        text.Append('(');
        for (int i = 0; i < count; i++)
        {
            nint value = (&step->A0)[i];
            text.Append(i > 0 ? ", " : "");
            if ((textMask[index] & (1 << i)) != 0)
            {
                text.Append('"').Append(Marshal.PtrToStringUTF8(value)).Append('"');
            }
            else if ((step->SlotMask & (1 << i)) != 0)
            {
                text.Append(Number(Program->Slots[value]));
            }
            else
            {
                text.Append(Number(value));
            }
        }

        return text.Append(')').ToString();
    }

    private static string Number(nint value) => value switch
    {
        -100 => "AT_FDCWD",
        > -4096 and < 4096 => value.ToString(CultureInfo.InvariantCulture),
        _ when (long)value > uint.MaxValue => "…", // an address of ours: it tells nobody anything
        _ => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}"),
    };
}
