using System.Runtime.InteropServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// Collects the steps of a child. The compiler's chapters add to it in the order in which the child will play; <see cref="Finish"/> lays the
/// program out in native memory.
/// </summary>
internal sealed unsafe class ProgramBuilder(ProgramMemory memory)
{
    /// <summary>Labels stand in the steps as numbers below this until <see cref="Finish"/> knows where they are.</summary>
    private const int LabelBase = -1000;

    private readonly List<InitStep> _steps = new(256);
    private readonly List<int> _storyOf = new(256);
    private readonly List<int> _textMask = new(256);
    private readonly List<Story> _stories = new(64);
    private readonly List<nint> _slots = new(64);
    private readonly List<int> _labels = [];
    private int _cleanup = InitProgram.NoCleanup;

    public ProgramMemory Memory { get; } = memory;

    /// <summary>What the steps added from now on do.</summary>
    public void Tell(string name, string words, string why, string? first = null, string? second = null, string? failure = null)
        => _stories.Add(new Story(name, words, why, first, second, failure));

    public Arg Text(string text) => new(Memory.Text(text), IsText: true);

    public Slot NewSlot(nint value = -1)
    {
        _slots.Add(value);
        return new Slot(_slots.Count - 1);
    }

    public Label NewLabel()
    {
        _labels.Add(LabelBase);
        return new Label(_labels.Count - 1);
    }

    /// <summary>The next step is the one that the label means.</summary>
    public void Mark(Label label) => _labels[label.Number] = _steps.Count;

    /// <summary>The next step, and those after it, are played when one before it has failed.</summary>
    public void MarkCleanup() => _cleanup = _steps.Count;

    /// <summary>A system call whose failure ends the play.</summary>
    public StepHandle Call(long number, Arg a0 = default, Arg a1 = default, Arg a2 = default, Arg a3 = default, Arg a4 = default, Arg a5 = default)
        => Add(InitStepKind.Call, (int)number, a0, a1, a2, a3, a4, a5);

    /// <summary>A system call whose result later steps use.</summary>
    public Slot Take(long number, Arg a0 = default, Arg a1 = default, Arg a2 = default, Arg a3 = default, Arg a4 = default, Arg a5 = default)
        => Call(number, a0, a1, a2, a3, a4, a5).Into(NewSlot());

    public void Close(Slot descriptor) => Call(SyscallNumbers.SYS_close, descriptor);

    public void Jump(Label to) => Add(InitStepKind.Jump, 0, LabelArg(to));

    public void JumpIf(Slot slot, Label to) => Add(InitStepKind.JumpIf, 0, slot.Number, LabelArg(to));

    /// <summary>The child of the clone goes on at <paramref name="child"/>; the slot gets its pid.</summary>
    public Slot Fork(nint cloneArgs, int size, Label child) => Add(InitStepKind.Fork, 0, cloneArgs, size, LabelArg(child)).Into(NewSlot());

    public void Verify(nint address, nint mask, nint expected, Errno errno) => Add(InitStepKind.Verify, 0, address, mask, expected, (int)errno);

    public void Refuse(nint address, nint mask, nint unwanted, Errno errno) => Add(InitStepKind.Refuse, 0, address, mask, unwanted, (int)errno);

    public void Store(nint address, Slot slot) => Add(InitStepKind.Store, 0, address, slot.Number);

    public void StorePointer(nint address, Slot slot) => Add(InitStepKind.StorePointer, 0, address, slot.Number);

    public Slot Load(nint address) => Add(InitStepKind.Load, 0, address).Into(NewSlot());

    public void Fail(Errno errno) => Add(InitStepKind.Fail, 0, (int)errno);

    public StepHandle Add(InitStepKind kind, int number, Arg a0 = default, Arg a1 = default, Arg a2 = default, Arg a3 = default, Arg a4 = default, Arg a5 = default)
    {
        InitStep step = new()
        {
            Kind = kind,
            Number = number,
            A0 = a0.Value,
            A1 = a1.Value,
            A2 = a2.Value,
            A3 = a3.Value,
            A4 = a4.Value,
            A5 = a5.Value,
            SlotMask = Mask(a0.IsSlot, a1.IsSlot, a2.IsSlot, a3.IsSlot, a4.IsSlot, a5.IsSlot),
            Result = InitStep.NoSlot,
            Otherwise = _steps.Count + 1,
        };
        _steps.Add(step);
        _storyOf.Add(_stories.Count - 1);
        _textMask.Add(Mask(a0.IsText, a1.IsText, a2.IsText, a3.IsText, a4.IsText, a5.IsText));
        return new StepHandle(this, _steps.Count - 1);
    }

    /// <summary>Lays the program out. Nothing can be added any more.</summary>
    public CompiledProgram Finish(bool clock)
    {
        Span<InitStep> steps = CollectionsMarshal.AsSpan(_steps);
        foreach (ref InitStep step in steps)
        {
            step.Otherwise = Resolve(step.Otherwise);
            switch (step.Kind)
            {
                case InitStepKind.Jump:
                    step.A0 = Resolve((int)step.A0);
                    break;
                case InitStepKind.JumpIf:
                    step.A1 = Resolve((int)step.A1);
                    break;
                case InitStepKind.Fork:
                    step.A2 = Resolve((int)step.A2);
                    break;
                default:
                    break;
            }
        }

        InitProgram* program = (InitProgram*)Memory.Reserve(sizeof(InitProgram));
        program->Syscall = KernelEntry.Make();
        program->Steps = (InitStep*)Memory.Copy(MemoryMarshal.AsBytes(steps));
        program->Slots = (nint*)Memory.Copy(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_slots)));
        program->StepCount = _steps.Count;
        program->Clock = clock ? 1 : 0;
        program->FailedStep = InitProgram.NothingFailed;
        program->Cleanup = _cleanup;
        program->Scratch = (byte*)Memory.Reserve(InitTarget.ScratchSize);
        return new CompiledProgram(program, _stories, _storyOf, _textMask);
    }

    internal Span<InitStep> Steps => CollectionsMarshal.AsSpan(_steps);

    internal static int LabelNumber(Label label) => LabelBase - 1 - label.Number;

    private static Arg LabelArg(Label label) => LabelNumber(label);

    private int Resolve(int place) => place >= 0 ? place : _labels[LabelBase - 1 - place];

    private static int Mask(bool a0, bool a1, bool a2, bool a3, bool a4, bool a5)
        => (a0 ? 1 : 0) | (a1 ? 2 : 0) | (a2 ? 4 : 0) | (a3 ? 8 : 0) | (a4 ? 16 : 0) | (a5 ? 32 : 0);
}
