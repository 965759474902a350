using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>linux.intelRdt</c>. What the schemata mean is the processor's to know, and the kernel's to refuse.</summary>
internal static class IntelRdtValidation
{
    public static void Check(IntelRdtConfig rdt)
    {
        // It becomes the name of a directory. "/" is the root class.
        Require.That(
            rdt.ClosId is null or "/" || (rdt.ClosId is not ("." or "..") && !rdt.ClosId.Contains('/', StringComparison.Ordinal) && !rdt.ClosId.Contains('\n', StringComparison.Ordinal)),
            "linux.intelRdt.closID",
            $"must be a name, or / for the root class, not {Require.Quote(rdt.ClosId ?? "")}");
        Require.That(
            rdt.ClosId is not ("info" or "mon_groups" or "mon_data"), "linux.intelRdt.closID", $"{Require.Quote(rdt.ClosId ?? "")} is a directory of resctrl's own");
        ImmutableArray<string> schemata = rdt.Schemata;
        for (int i = 0; i < schemata.Length; i++)
        {
            Require.That(IsLine(schemata[i]), $"linux.intelRdt.schemata[{i}]", $"must be one line like L3:0=ff, not {Require.Quote(schemata[i])}");
        }

        Require.That(
            string.IsNullOrEmpty(rdt.MemBwSchema) || (rdt.MemBwSchema.StartsWith("MB:", StringComparison.Ordinal) && IsLine(rdt.MemBwSchema)),
            "linux.intelRdt.memBwSchema",
            $"must be one line that starts with MB:, not {Require.Quote(rdt.MemBwSchema ?? "")}");
        foreach (string line in (rdt.L3CacheSchema ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Require.That(IsLine(line), "linux.intelRdt.l3CacheSchema", $"must be lines like L3:0=ff, not {Require.Quote(line)}");
        }
    }

    private static bool IsLine(string text)
        => !text.Contains('\n', StringComparison.Ordinal) && text.IndexOf(':', StringComparison.Ordinal) > 0 && text.Contains('=', StringComparison.Ordinal);
}
