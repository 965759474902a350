using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>process.capabilities as bits. What cannot be given is left out, and told: as runc does, a caller may be newer than the kernel.</summary>
internal sealed class CapabilityPlan
{
    private readonly List<string> _unknown = [];
    private readonly ulong _known = Capabilities.OfThisKernel().Bits;

    public CapabilityPlan(CapabilitiesConfig config, Action<string>? warn)
    {
        Bounding = Mask(config.Bounding);
        Effective = Mask(config.Effective);
        Permitted = Mask(config.Permitted);
        Inheritable = Mask(config.Inheritable);

        // capabilities(7): only what is both permitted and inheritable can be ambient.
        ulong ambient = Mask(config.Ambient);
        Ambient = ambient & Permitted & Inheritable;
        if (_unknown.Count > 0)
        {
            warn?.Invoke($"ignoring unknown or unavailable capabilities: [{string.Join(' ', _unknown)}]");
        }

        for (int number = 0; number < CapabilityCount; number++)
        {
            if ((ambient & ~Ambient & (1UL << number)) != 0)
            {
                warn?.Invoke($"can't raise ambient capability {(Capability)number}: it is not both permitted and inheritable");
            }
        }
    }

    public const int CapabilityCount = 64;

    public ulong Bounding { get; }

    public ulong Effective { get; }

    public ulong Permitted { get; }

    public ulong Inheritable { get; }

    public ulong Ambient { get; }

    /// <summary>What the kernel has and the bounding set has not.</summary>
    public ulong Dropped => _known & ~Bounding;

    private ulong Mask(ImmutableArray<string> names)
    {
        CapabilitySet set = CapabilitySet.Empty;
        foreach (string name in names)
        {
            if (Capabilities.Parse(name) is { } capability && (_known & (1UL << (int)capability)) != 0)
            {
                set = set.With(capability);
            }
            else if (!_unknown.Contains(name))
            {
                _unknown.Add(name);
            }
        }

        return set.Bits;
    }
}
