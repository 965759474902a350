using System.Globalization;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>What a process may do with a device node.</summary>
[Flags]
internal enum DeviceAccess
{
    None = 0,
    Make = 1,
    Read = 2,
    Write = 4,
    All = Make | Read | Write,
}

/// <summary>A device rule, read and checked. The kind is <c>c</c>, <c>b</c>, or <c>a</c> for both; null is every number.</summary>
internal readonly record struct DeviceMatch(bool Allow, char Kind, uint? Major, uint? Minor, DeviceAccess Access)
{
    // linux/kdev_t.h: 12 and 20 bits.
    private const long MajorMax = 0xFFF;
    private const long MinorMax = 0xFFFFF;

    public bool IsEverything => Kind == 'a' && Major is null && Minor is null && Access == DeviceAccess.All;

    public string Numbers => string.Concat(Text(Major), ":", Text(Minor));

    public static DeviceMatch Read(DeviceRule rule, int index)
    {
        string field = $"devices[{index}]";
        char kind = rule.Type switch
        {
            null or "" or "a" => 'a',
            "c" or "u" => 'c',
            "b" => 'b',
            string other => throw Validation.Wrong($"{field}.type", $"must be a, b or c, not \"{other}\""),
        };
        DeviceAccess access = DeviceAccess.None;
        foreach (char letter in string.IsNullOrEmpty(rule.Access) ? "rwm" : rule.Access)
        {
            access |= letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.Make,
                _ => throw Validation.Wrong($"{field}.access", $"must be letters of rwm, not \"{rule.Access}\""),
            };
        }

        return new(rule.Allow, kind, Number($"{field}.major", rule.Major, MajorMax), Number($"{field}.minor", rule.Minor, MinorMax), access);
    }

    /// <summary>Every device of the other rule is one of this rule's.</summary>
    public bool Covers(DeviceMatch other)
        => (Kind == 'a' || Kind == other.Kind)
            && (Major is null || Major == other.Major)
            && (Minor is null || Minor == other.Minor);

    /// <summary>There can be a device that both speak of.</summary>
    public bool Overlaps(DeviceMatch other)
        => (Kind == 'a' || other.Kind == 'a' || Kind == other.Kind)
            && (Major is null || other.Major is null || Major == other.Major)
            && (Minor is null || other.Minor is null || Minor == other.Minor);

    /// <summary>As devices.allow and devices.deny read it: <c>c 1:3 rwm</c>.</summary>
    public override string ToString()
    {
        // Joined, not interpolated: one interpolation within another has the pool of their buffers measure the processor, for half a millisecond.
        string access = string.Concat(
            Access.HasFlag(DeviceAccess.Read) ? "r" : "", Access.HasFlag(DeviceAccess.Write) ? "w" : "", Access.HasFlag(DeviceAccess.Make) ? "m" : "");
        return string.Join(' ', Kind.ToString(), Numbers, access);
    }

    private static string Text(uint? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "*";

    // -1 is how runc's callers say "every".
    private static uint? Number(string field, long? value, long max) => value switch
    {
        null or -1 => null,
        >= 0 when value <= max => (uint)value,
        _ => throw Validation.Wrong(field, $"must be 0 to {max}, not {value}"),
    };
}

// Version 1 keeps a default (allow or deny) and a list of exceptions from it, and takes changes of them:
//
//      write "a" to devices.deny        default deny, list empty
//      write "c 1:3 rwm" to .allow      default deny: add the exception; default allow: take that very exception out
//      write "c 1:3 w" to .deny         the other way round
//
// Taking out is by equal numbers: denying c 1:3 after c *:* was allowed changes nothing and says nothing, and what was to be forbidden is
// open. So the rules are played here first, on the same kind of list, and what the list cannot hold is refused.

/// <summary>The device rules as version 1 can hold them: a default and exceptions.</summary>
internal sealed class DeviceList
{
    private readonly List<DeviceMatch> _exceptions = [];

    // A container may use what a rule allows. Without any rule that is nothing; where there are no rules at all, nothing is written.
    private bool _allows;

    /// <summary>Adds what makes a new group's list say what the rules say.</summary>
    public static void AddTo(List<CgroupWrite> plan, IReadOnlyList<DeviceRule> rules)
    {
        if (rules.Count == 0)
        {
            return;
        }

        DeviceList list = new();
        for (int index = 0; index < rules.Count; index++)
        {
            list.Apply(DeviceMatch.Read(rules[index], index), index);
        }

        // A new group has a copy of its parent's list. "a" to allow is what the parent may refuse, and it is not needed.
        if (!list._allows)
        {
            plan.Add(new("devices", "devices", "devices.deny", "a"));
        }

        if (list._exceptions.Count > 0)
        {
            plan.Add(new("devices", "devices", list._allows ? "devices.deny" : "devices.allow", [.. list._exceptions.Select(e => e.ToString())]));
        }
    }

    private void Apply(DeviceMatch rule, int index)
    {
        if (rule.IsEverything)
        {
            _allows = rule.Allow;
            _exceptions.Clear();
            return;
        }

        // The list has no "a" with numbers or less than full access.
        foreach (char kind in rule.Kind == 'a' ? "cb" : rule.Kind.ToString())
        {
            DeviceMatch one = rule with { Kind = kind };
            if (one.Allow == _allows)
            {
                TakeOut(one, index);
            }
            else
            {
                PutIn(one);
            }
        }
    }

    private void PutIn(DeviceMatch rule)
    {
        for (int index = 0; index < _exceptions.Count; index++)
        {
            DeviceMatch exception = _exceptions[index];
            if (exception.Kind == rule.Kind && exception.Major == rule.Major && exception.Minor == rule.Minor)
            {
                _exceptions[index] = exception with { Access = exception.Access | rule.Access };
                return;
            }
        }

        _exceptions.Add(rule);
    }

    private void TakeOut(DeviceMatch rule, int ruleIndex)
    {
        for (int index = _exceptions.Count - 1; index >= 0; index--)
        {
            DeviceMatch exception = _exceptions[index];
            if (!rule.Overlaps(exception) || (exception.Access & rule.Access) == 0)
            {
                continue;
            }

            if (!rule.Covers(exception))
            {
                throw Validation.Wrong($"devices[{ruleIndex}]",
                    $"cgroup v1 cannot take {rule.Kind} {rule.Numbers} out of {exception.Kind} {exception.Numbers}, which an earlier rule names");
            }

            DeviceAccess left = exception.Access & ~rule.Access;
            if (left == DeviceAccess.None)
            {
                _exceptions.RemoveAt(index);
            }
            else
            {
                _exceptions[index] = exception with { Access = left };
            }
        }
    }
}
