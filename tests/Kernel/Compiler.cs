using System.Diagnostics;

namespace Containerception.Kernel.Tests;

/// <summary>Asks gcc whether statements about the headers of this machine hold.</summary>
internal static class Compiler
{
    /// <summary>Where Debian's linux-libc-dev-arm64-cross keeps arm64's kernel headers.</summary>
    public const string Arm64Headers = "/usr/aarch64-linux-gnu/include";

    public static void Holds(IEnumerable<string> headers, IEnumerable<string> statements, params string[] options)
    {
        string program = string.Concat(headers.Select(header => $"#include <{header}>\n")) + "#include <linux/version.h>\n"
            + string.Join('\n', statements) + "\n";
        ProcessStartInfo start = new("gcc") { RedirectStandardInput = true, RedirectStandardError = true };
        foreach (string option in (string[])["-xc", "-fsyntax-only", "-D_GNU_SOURCE", "-w", .. options, "-"])
        {
            start.ArgumentList.Add(option);
        }

        using Process gcc = Process.Start(start)!;
        gcc.StandardInput.Write(program);
        gcc.StandardInput.Close();
        string words = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        Assert.True(gcc.ExitCode == 0, words);
    }

    /// <summary>A statement about a name; one newer than the headers may be is looked at only where they are new enough.</summary>
    public static string Equal(string name, string value, string what)
        => NewNames.Since.TryGetValue(what, out (int Major, int Minor) since)
            ? $"#if LINUX_VERSION_CODE >= KERNEL_VERSION({since.Major},{since.Minor},0)\n_Static_assert({name} == {value}, \"{what}\");\n#endif"
            : $"_Static_assert({name} == {value}, \"{what}\");";
}
