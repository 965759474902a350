namespace Containerception.Oci;

/// <summary><c>linux.memoryPolicy</c>. What the kernel alone knows, the nodes that there are, is left to it.</summary>
internal static class MemoryPolicyValidation
{
    // MAX_NUMNODES is at most 1 << 10.
    private const int NodeMax = 1023;

    public static void Check(MemoryPolicyConfig policy)
    {
        Require.That(
            Specification.MemoryPolicyModes.Contains(policy.Mode), "linux.memoryPolicy.mode", $"no such mode: {Require.Quote(policy.Mode)}");
        for (int i = 0; i < policy.Flags.Length; i++)
        {
            Require.That(
                Specification.MemoryPolicyFlags.Contains(policy.Flags[i]), $"linux.memoryPolicy.flags[{i}]", $"no such flag: {Require.Quote(policy.Flags[i])}");
        }

        Require.That(
            !(policy.Flags.Contains("MPOL_F_STATIC_NODES") && policy.Flags.Contains("MPOL_F_RELATIVE_NODES")),
            "linux.memoryPolicy.flags",
            $"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
        Require.CpuList(policy.Nodes, "linux.memoryPolicy.nodes", NodeMax);
        bool hasNodes = !string.IsNullOrEmpty(policy.Nodes);
        bool takesNodes = policy.Mode is not ("MPOL_DEFAULT" or "MPOL_LOCAL");
        Require.That(takesNodes || !hasNodes, "linux.memoryPolicy.nodes", $"{policy.Mode} takes none");
        Require.That(!takesNodes || hasNodes || policy.Mode == "MPOL_PREFERRED", "linux.memoryPolicy.nodes", $"{policy.Mode} needs some");
    }
}
