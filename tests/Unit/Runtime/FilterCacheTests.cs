using System.Text;
using Containerception.Oci;
using Containerception.Runtime;
using Containerception.Seccomp;

namespace Containerception.Unit.Tests.Runtime;

/// <summary>What comes out is what went in, or nothing. tests/Conformance has what others could do to the files.</summary>
public sealed class FilterCacheTests : IDisposable
{
    private const string Allowing = """{"names": ["read", "write", "execveat", "fcntl", "exit_group"], "action": "SCMP_ACT_ALLOW"}""";
    private const string Asking = """{"names": ["personality"], "action": "SCMP_ACT_NOTIFY"}""";
    private const string Comparing = """{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}]}""";

    private readonly string _root = Directory.CreateTempSubdirectory("filters-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("""{"defaultAction": "SCMP_ACT_ERRNO"}""", false)]
    [InlineData($$"""{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{{Allowing}}, {{Comparing}}]}""", true)]
    [InlineData($$"""{"defaultAction": "SCMP_ACT_KILL", "flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [{{Allowing}}]}""", true)]
    [InlineData($$"""{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/l", "syscalls": [{{Asking}}]}""", true)]
    public void What_is_loaded_is_what_was_compiled(string profile, bool allowsStub)
    {
        SeccompConfig config = Read(profile);
        KeptFilter compiled = new(SeccompCompiler.Compile(config), Sealing.AllowsStub(config));
        new FilterCache(_root, config, refuseUnknown: false).Save(compiled);

        KeptFilter? loaded = new FilterCache(_root, Read(profile), refuseUnknown: false).TryLoad();

        Assert.NotNull(loaded);
        Assert.Equal(compiled.Program.Instructions.ToArray(), loaded.Program.Instructions.ToArray());
        Assert.Equal(compiled.Program.Flags, loaded.Program.Flags);
        Assert.Equal(compiled.Program.Notifies, loaded.Program.Notifies);
        Assert.Equal(allowsStub, loaded.AllowsStub);
        Assert.Equal(compiled.AllowsStub, loaded.AllowsStub);
    }

    [Fact]
    public void Another_question_has_another_answer()
    {
        SeccompConfig config = Read($$"""{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{{Allowing}}]}""");
        new FilterCache(_root, config, refuseUnknown: false).Save(new KeptFilter(SeccompCompiler.Compile(config), AllowsStub: true));

        Assert.NotNull(new FilterCache(_root, config, refuseUnknown: false).TryLoad());
        Assert.Null(new FilterCache(_root, config, refuseUnknown: true).TryLoad());
        Assert.Null(new FilterCache(_root, config with { ListenerPath = "/l" }, refuseUnknown: false).TryLoad());
        Assert.Null(new FilterCache(_root, config with { Json = default }, refuseUnknown: false).TryLoad());
    }

    [Fact]
    public void An_end_that_was_never_written_is_none()
    {
        SeccompConfig config = Read($$"""{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{{Allowing}}]}""");
        new FilterCache(_root, config, refuseUnknown: false).Save(new KeptFilter(SeccompCompiler.Compile(config), AllowsStub: true));
        string file = Assert.Single(Directory.GetFiles(Path.Join(_root, FilterCache.DirectoryName)));
        byte[] kept = File.ReadAllBytes(file);
        kept.AsSpan(kept.AsSpan().IndexOf(config.Json.Span) + config.Json.Length).Clear();
        File.WriteAllBytes(file, kept);

        Assert.Null(new FilterCache(_root, config, refuseUnknown: false).TryLoad());
    }

    [Fact]
    public void What_is_too_long_is_not_kept()
    {
        SeccompConfig config = Read($$"""{"defaultAction": "SCMP_ACT_ALLOW", "x": "{{new string('x', 70_000)}}"}""");
        new FilterCache(_root, config, refuseUnknown: false).Save(new KeptFilter(SeccompCompiler.Compile(config), AllowsStub: true));
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public void Its_directory_can_be_no_containers() => Assert.False(ContainerId.TryParse(FilterCache.DirectoryName, out _));

    [Fact]
    public void The_profile_is_a_piece_of_the_document()
        => Assert.Equal("""{"defaultAction":  "SCMP_ACT_LOG"}""", Encoding.UTF8.GetString(Read("""{"defaultAction":  "SCMP_ACT_LOG"}""").Json.Span));

    private static SeccompConfig Read(string profile)
        => RuntimeConfig.Read(Encoding.UTF8.GetBytes($$"""  {"ociVersion": "1.0.0", "linux": {"seccomp": {{profile}} } }""")).Linux!.Seccomp!;
}
