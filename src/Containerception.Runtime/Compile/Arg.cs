namespace Containerception.Runtime;

/// <summary>A place for a result that later steps use: a descriptor, as a rule.</summary>
internal readonly record struct Slot(int Number);

/// <summary>A place in the program that a step may go on at.</summary>
internal readonly record struct Label(int Number);

/// <summary>An argument of a step: a number, the address of a text, or a slot.</summary>
internal readonly record struct Arg(nint Value, bool IsSlot = false, bool IsText = false)
{
    public static implicit operator Arg(Slot slot) => new(slot.Number, IsSlot: true);

    public static implicit operator Arg(nint value) => new(value);

    public static implicit operator Arg(int value) => new(value);

    public static implicit operator Arg(long value) => new((nint)value);

    public static implicit operator Arg(ulong value) => new((nint)value);

    public static implicit operator Arg(uint value) => new((nint)value);
}
