using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>process.env as the program gets it, and where the program may be.</summary>
internal static class ProcessEnvironment
{
    /// <summary>A container's /etc/passwd is hostile: no more than this of it is read (CVE-2026-47262).</summary>
    private const int PasswdBytesMax = 1 << 20;

    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Each name once, the last value wins; HOME from the container's /etc/passwd where it is missing or empty.</summary>
    public static List<string> Compose(ImmutableArray<string> env, uint uid, Func<SafeFileHandle?> openPasswd)
    {
        Dictionary<string, int> places = new(env.Length, StringComparer.Ordinal);
        List<string> result = new(env.Length + 1);
        foreach (string variable in env)
        {
            int equals = variable.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? variable : variable[..equals];
            if (name == "HOME" && equals == variable.Length - 1)
            {
                continue;
            }

            if (places.TryGetValue(name, out int place))
            {
                result[place] = variable;
            }
            else
            {
                places[name] = result.Count;
                result.Add(variable);
            }
        }

        if (!places.ContainsKey("HOME"))
        {
            result.Add("HOME=" + HomeOf(uid, openPasswd));
        }

        return result;
    }

    /// <summary>Where execvp(3) would look: args[0] itself when it has a slash, else below each directory of PATH.</summary>
    public static List<string> Candidates(string program, IReadOnlyList<string> environment)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return [program];
        }

        string path = DefaultPath;
        foreach (string variable in environment)
        {
            path = variable.StartsWith("PATH=", StringComparison.Ordinal) ? variable["PATH=".Length..] : path;
        }

        List<string> candidates = [];
        if (program.Length > 0)
        {
            foreach (string directory in path.Split(':'))
            {
                candidates.Add((directory.Length == 0 ? "." : directory) + "/" + program);
            }
        }

        return candidates;
    }

    private static string HomeOf(uint uid, Func<SafeFileHandle?> openPasswd)
    {
        try
        {
            using SafeFileHandle? file = openPasswd();
            if (file is not null)
            {
                byte[] buffer = new byte[PasswdBytesMax];
                int length = FileContents.Read(file, buffer);
                return Find(Encoding.UTF8.GetString(buffer, 0, length), uid) ?? "/";
            }
        }
        catch (IOException)
        {
            // An unreadable passwd file is as good as none.
        }

        return "/";
    }

    /// <summary>name:password:uid:gid:gecos:home:shell. The uid is compared as a number, never taken for a name (CVE-2016-3697).</summary>
    private static string? Find(string passwd, uint uid)
    {
        foreach (string line in passwd.Split('\n'))
        {
            string[] fields = line.Split(':');
            // A NUL would end the variable early: such a line is no line.
            if (fields.Length >= 6 && !fields[5].Contains('\0', StringComparison.Ordinal) && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id == uid)
            {
                return fields[5];
            }
        }

        return null;
    }
}
