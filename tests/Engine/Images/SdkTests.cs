using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>Images that the .NET SDK itself makes, on a base that is ours, and that really run.</summary>
[Trait("category", "long")]
public sealed partial class SdkTests : IDisposable
{
    private readonly Cdock _cdock = new();
    private readonly DebianRegistry _registry = new();
    private readonly string _project = Directory.CreateTempSubdirectory("sdk-").FullName;

    /// <summary>Where dotnet is installed, and the version of its runtime.</summary>
    private readonly (string Root, string Version) _dotnet;

    public SdkTests()
    {
        Needs.Program("dotnet");
        string runtimes = Command.Run("dotnet", "--list-runtimes").Succeeded();
        Match newest = RuntimeLine().Matches(runtimes)[^1];
        _dotnet = (newest.Groups["root"].Value, newest.Groups["version"].Value);
        File.WriteAllText(Path.Join(_project, "hello.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <InvariantGlobalization>true</InvariantGlobalization>
                <ContainerBaseImage>{_registry.Host}/base:1</ContainerBaseImage>
                <ContainerRepository>made/hello</ContainerRepository>
              </PropertyGroup>
              <ItemGroup>
                <ContainerEnvironmentVariable Include="COLOUR" Value="green" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Join(_project, "Program.cs"), """
            System.Console.WriteLine($"{string.Join(",", args)} {System.Environment.GetEnvironmentVariable("COLOUR")} {System.Environment.CurrentDirectory}");
            """);
        PushBase();
    }

    [Fact]
    public void What_it_publishes_to_a_registry_is_pulled_and_runs()
    {
        Publish($"-p:ContainerRegistry={_registry.Host}", "-p:ContainerImageTag=7");
        string name = $"{_registry.Host}/made/hello:7";

        Assert.Equal(name, _cdock.Ok("pull", "-q", name));

        Assert.Equal("a,b green /app\n", _cdock.Run(name, "a", "b").Output);
        Assert.Equal("[dotnet /app/hello.dll] /app/", _cdock.Ok("image", "inspect", "-f", "{{.Config.Entrypoint}} {{.Config.WorkingDir}}", name));
    }

    [Fact]
    public void What_it_publishes_to_an_archive_is_loaded_and_runs()
    {
        string archive = Path.Join(_project, "hello.tar.gz");
        Publish($"-p:ContainerArchiveOutputPath={archive}", "-p:ContainerImageTag=8");

        Assert.Equal("Loaded image: made/hello:8", _cdock.Ok("load", "-i", archive));

        Assert.Equal("a,b green /app\n", _cdock.Run("made/hello:8", "a", "b").Output);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _cdock.Dispose();
        Directory.Delete(_project, recursive: true);
    }

    [GeneratedRegex(@"^Microsoft\.NETCore\.App (?<version>\S+) \[(?<root>.+)/shared/Microsoft\.NETCore\.App\]$", RegexOptions.Multiline)]
    private static partial Regex RuntimeLine();

    [GeneratedRegex(@"/\S+(?= \(0x)")]
    private static partial Regex LibraryPath();

    /// <summary>This machine's runtime and the libraries that it needs, as an image: nothing is fetched from afar.</summary>
    private void PushBase()
    {
        string framework = Path.Join(_dotnet.Root, "shared/Microsoft.NETCore.App", _dotnet.Version);
        string[] programs = [Path.Join(_dotnet.Root, "dotnet"), Path.Join(framework, "libcoreclr.so"), Path.Join(framework, "libSystem.Native.so")];
        IEnumerable<string> libraries = LibraryPath().Matches(Command.Run(["/usr/bin/ldd", .. programs]).Succeeded()).Select(match => match.Value).Distinct();
        string archive = Path.Join(_project, "base.tar");
        Command.Run(
            ["/bin/tar", "--dereference", "-C", "/", "-cf", archive, .. libraries.Concat([programs[0], Path.Join(_dotnet.Root, "host"), framework]).Select(path => path[1..])]).Succeeded();
        string architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux/arm64" : "linux/amd64";
        _cdock.Ok("import", "--platform", architecture, "-c", $"ENV PATH={_dotnet.Root}", archive, $"{_registry.Host}/base:1");
        _cdock.Ok("push", "-q", $"{_registry.Host}/base:1");
        _cdock.Ok("rmi", $"{_registry.Host}/base:1");
    }

    private void Publish(params string[] properties)
    {
        // The SDK takes no registry for one that speaks plain http but localhost, and those that are named to it.
        Dictionary<string, string?> environment = new() { ["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = _registry.Host };
        using Command command = new(
            ["dotnet", "publish", "-t:PublishContainer", "-tl:off", "-v", "quiet", "-nologo", "-nodeReuse:false", .. properties], environment: environment, folder: _project, patience: TimeSpan.FromMinutes(10));
        command.Wait().Succeeded();
    }
}
