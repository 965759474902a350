using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>
/// A seccomp profile in docker's format: OCI's, with rules that hold only for some capabilities, architectures or kernels. Choosing them
/// for one container leaves an OCI document.
/// </summary>
internal static class SeccompProfile
{
    private const int BytesMax = 4 << 20;
    private const string DefaultResource = "docker-default-seccomp.json";

    /// <summary>What <c>--security-opt seccomp=</c> asks for; null for no filter.</summary>
    /// <exception cref="EngineException">The profile cannot be read.</exception>
    public static SeccompConfig? Choose(RunRequest request, IReadOnlyCollection<string> capabilities, Version kernel)
    {
        if (request.Seccomp == "unconfined" || (request.Privileged && request.Seccomp is null))
        {
            return null;
        }

        try
        {
            using JsonDocument profile = JsonDocument.Parse(request.Seccomp is string path ? Read(path) : ReadDefault());
            return request is { Nest: true, Seccomp: null }
                ? Nesting.Allowing(Resolve(profile.RootElement, [.. capabilities.Except(Nesting.Capabilities).Concat(Capabilities.Default)], kernel))
                : Resolve(profile.RootElement, capabilities, kernel);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new EngineException(
                FailureKind.Invalid, $"seccomp profile {request.Seccomp}: {wrong.Message}", "it must be JSON in docker's or OCI's format", wrong);
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            return new FileInfo(path).Length <= BytesMax
                ? File.ReadAllBytes(path)
                : throw EngineException.Invalid($"seccomp profile {path}: larger than {BytesMax} bytes");
        }
        catch (IOException wrong)
        {
            throw new EngineException(FailureKind.NotFound, $"seccomp profile {path}: {wrong.Message}", cause: wrong);
        }
    }

    private static byte[] ReadDefault()
    {
        using Stream resource = typeof(SeccompProfile).Assembly.GetManifestResourceStream(DefaultResource)!;
        byte[] content = new byte[resource.Length];
        resource.ReadExactly(content);
        return content;
    }

    private static SeccompConfig Resolve(JsonElement profile, IReadOnlyCollection<string> capabilities, Version kernel) => new()
    {
        DefaultAction = profile.GetProperty("defaultAction").GetString()!,
        DefaultErrnoRet = Number(profile, "defaultErrnoRet"),
        Architectures = profile.TryGetProperty("architectures", out JsonElement architectures) ? Words(architectures) : NativeArchitectures(),
        Flags = profile.TryGetProperty("flags", out JsonElement flags) ? Words(flags) : null,
        Syscalls = Rules(profile.GetProperty("syscalls"), capabilities, kernel),
    };

    private static ImmutableArray<SeccompSyscall> Rules(JsonElement rules, IReadOnlyCollection<string> capabilities, Version kernel)
    {
        List<SeccompSyscall> holding = [];
        foreach (JsonElement rule in rules.EnumerateArray())
        {
            if (Holds(rule, "includes", capabilities, kernel, whenAbsent: true) && !Holds(rule, "excludes", capabilities, kernel, whenAbsent: false))
            {
                holding.Add(Rule(rule));
            }
        }

        return [.. holding];
    }

    private static SeccompSyscall Rule(JsonElement rule) => new()
    {
        Names = rule.TryGetProperty("names", out JsonElement names) ? Words(names) : [rule.GetProperty("name").GetString()!],
        Action = rule.GetProperty("action").GetString()!,
        ErrnoRet = Number(rule, "errnoRet"),
        Args = rule.TryGetProperty("args", out JsonElement args) && args.ValueKind == JsonValueKind.Array
            ? [.. args.EnumerateArray().Select(Argument)]
            : [],
    };

    private static SeccompArg Argument(JsonElement argument) => new()
    {
        Index = argument.GetProperty("index").GetUInt32(),
        Value = argument.GetProperty("value").GetUInt64(),
        ValueTwo = argument.TryGetProperty("valueTwo", out JsonElement two) ? two.GetUInt64() : 0,
        Op = argument.GetProperty("op").GetString()!,
    };

    // "includes" asks for all of its conditions, "excludes" applies when any is met: docker's profiles have one of each kind, so for
    // capabilities, the only list, one that is held is enough to exclude and one that is missing is enough not to include.
    private static bool Holds(JsonElement rule, string list, IReadOnlyCollection<string> capabilities, Version kernel, bool whenAbsent)
    {
        if (!rule.TryGetProperty(list, out JsonElement conditions) || conditions.ValueKind != JsonValueKind.Object)
        {
            return whenAbsent;
        }

        List<bool> met = [];
        if (conditions.TryGetProperty("caps", out JsonElement caps))
        {
            met.AddRange(Words(caps).Select(capabilities.Contains));
        }

        if (conditions.TryGetProperty("arches", out JsonElement arches))
        {
            met.Add(Words(arches).Contains(NativeName()));
        }

        if (conditions.TryGetProperty("minKernel", out JsonElement minimum))
        {
            met.Add(kernel >= Version.Parse(minimum.GetString()!));
        }

        return met.Count == 0 ? whenAbsent : whenAbsent ? met.TrueForAll(one => one) : met.Exists(one => one);
    }

    private static string NativeName() => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";

    // Programs for the 32-bit relatives of the processor run too, below the same rules.
    private static ImmutableArray<string> NativeArchitectures() => RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
        : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];

    private static uint? Number(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement number) && number.ValueKind == JsonValueKind.Number ? number.GetUInt32() : null;

    private static ImmutableArray<string> Words(JsonElement list)
        => list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(word => word.GetString()!)] : [];
}
