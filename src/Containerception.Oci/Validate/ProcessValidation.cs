using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>process</c>.</summary>
internal static class ProcessValidation
{
    private const uint UmaskMax = 0x1ff;
    private const int OomScoreAdjMax = 1000;

    // struct winsize of tty_ioctl(4) has 16 bits for each.
    private const uint WindowMax = ushort.MaxValue;

    public static void Check(ProcessConfig process)
    {
        Require.That(process.Args.Length > 0, "process.args", $"must not be empty");
        Require.Absolute(process.Cwd, "process.cwd");
        Require.Environment(process.Env, "process.env");
        CheckConsole(process.ConsoleSize ?? new ConsoleSizeConfig());
        CheckUser(process.User);
        CheckCapabilities(process.Capabilities ?? new CapabilitiesConfig());
        CheckRlimits(process.Rlimits);
        Require.That(
            process.OomScoreAdj is null or (>= -OomScoreAdjMax and <= OomScoreAdjMax),
            "process.oomScoreAdj",
            $"must be from -1000 to 1000, not {process.OomScoreAdj ?? 0}");
        SchedulingValidation.Check(process);
    }

    private static void CheckConsole(ConsoleSizeConfig size)
    {
        Require.That(size.Height <= WindowMax, "process.consoleSize.height", $"must be at most {WindowMax}, not {size.Height}");
        Require.That(size.Width <= WindowMax, "process.consoleSize.width", $"must be at most {WindowMax}, not {size.Width}");
    }

    private static void CheckUser(UserConfig user)
    {
        CheckId(user.Uid, "process.user.uid");
        CheckId(user.Gid, "process.user.gid");
        for (int i = 0; i < user.AdditionalGids.Length; i++)
        {
            Require.That(user.AdditionalGids[i] != uint.MaxValue, $"process.user.additionalGids[{i}]", $"{uint.MaxValue} is no id");
        }

        if (user.Umask is > UmaskMax)
        {
            throw new ConfigException("process.user.umask", $"must be at most 0777, not 0{Convert.ToString(user.Umask.Value, toBase: 8)}");
        }
    }

    // -1 means "leave it as it is" to setresuid(2) and its like.
    private static void CheckId(uint id, string field) => Require.That(id != uint.MaxValue, field, $"{uint.MaxValue} is no id");

    /// <summary>Names that are unknown are left out later, with a warning: a newer kernel may have given them to a newer caller.</summary>
    private static void CheckCapabilities(CapabilitiesConfig capabilities)
    {
        // capset(2) says EPERM, and not which one.
        for (int i = 0; i < capabilities.Effective.Length; i++)
        {
            Require.That(
                capabilities.Permitted.Contains(capabilities.Effective[i]),
                $"process.capabilities.effective[{i}]",
                $"{capabilities.Effective[i]} must be permitted as well");
        }
    }

    private static void CheckRlimits(ImmutableArray<RlimitConfig> rlimits)
    {
        for (int i = 0; i < rlimits.Length; i++)
        {
            RlimitConfig rlimit = rlimits[i];
            Require.That(Specification.Rlimits.Contains(rlimit.Type), $"process.rlimits[{i}].type", $"no such limit: {Require.Quote(rlimit.Type)}");
            Require.That(rlimit.Soft <= rlimit.Hard, $"process.rlimits[{i}].soft", $"{rlimit.Soft} is above the hard limit {rlimit.Hard}");
            for (int earlier = 0; earlier < i; earlier++)
            {
                Require.That(rlimits[earlier].Type != rlimit.Type, $"process.rlimits[{i}].type", $"{rlimit.Type} is set twice");
            }
        }
    }
}
