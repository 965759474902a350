using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>A step just added, to say more of it.</summary>
internal readonly struct StepHandle(ProgramBuilder builder, int index)
{
    /// <summary>The slot gets the step's result.</summary>
    public Slot Into(Slot slot)
    {
        builder.Steps[index].Result = slot.Number;
        return slot;
    }

    /// <summary>These errnos are no failure: the play goes on with the next step.</summary>
    public StepHandle Unless(Errno a, Errno b = Errno.None, Errno c = Errno.None)
    {
        ref InitStep step = ref builder.Steps[index];
        step.TolerateA = (int)a;
        step.TolerateB = b == Errno.None ? (int)a : (int)b;
        step.TolerateC = c == Errno.None ? (int)a : (int)c;
        return this;
    }

    /// <summary>Where an errno of <see cref="Unless"/> leads.</summary>
    public StepHandle Otherwise(Label label)
    {
        builder.Steps[index].Otherwise = ProgramBuilder.LabelNumber(label);
        return this;
    }

    /// <summary>A result below <paramref name="least"/> is the failure <paramref name="errno"/>.</summary>
    public StepHandle AtLeast(int least, Errno errno)
    {
        ref InitStep step = ref builder.Steps[index];
        step.Least = least;
        step.ShortErrno = (int)errno;
        return this;
    }
}
