using System.Xml.Linq;

namespace Containerception.Architecture.Tests;

/// <summary>References point down only, and what every project has in common stands in one place.</summary>
public sealed class ProjectTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Containerception.Linux"] = [],
        ["Containerception.Oci"] = ["Linux"],
        ["Containerception.Cgroups"] = ["Oci", "Linux"],
        ["Containerception.Seccomp"] = ["Oci", "Linux"],
        ["Containerception.Supervision"] = ["Oci", "Linux"],
        ["Containerception.Runtime"] = ["Cgroups", "Seccomp", "Supervision", "Oci", "Linux"],
        ["Containerception.Images"] = ["Oci", "Linux"],
        ["Containerception.Networks"] = ["Linux"],
        // The engine drives its runtime through the OCI interface alone, and its supervisor by what both know of each other.
        ["Containerception.Engine"] = ["Images", "Networks", "Supervision", "Oci", "Linux"],
        ["ception"] = ["Runtime", "Cgroups", "Seccomp", "Supervision", "Oci", "Linux"],
        ["cdock"] = ["Engine", "Images", "Networks", "Supervision", "Oci", "Linux"],
    };

    public static TheoryData<string> Projects => [.. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)];

    [Fact]
    public void Every_project_has_its_place()
        => Assert.Equal(Arrows.Keys.Order(StringComparer.Ordinal), Projects.Select(row => Path.GetFileNameWithoutExtension(row.Data)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_point_down(string project)
    {
        string[] allowed = Arrows[Path.GetFileNameWithoutExtension(project)];
        IEnumerable<string> found = XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!).Replace("Containerception.", "", StringComparison.Ordinal));
        Assert.All(found, reference => Assert.Contains(reference, allowed));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Versions_of_packages_stand_in_one_place(string project)
        => Assert.All(XDocument.Load(project).Descendants("PackageReference"), package => Assert.Null(package.Attribute("Version")));

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_project_makes_itself_an_exception(string project)
    {
        foreach (string name in (ReadOnlySpan<string>)["TreatWarningsAsErrors", "Nullable", "TargetFramework", "AnalysisLevel", "WarningsNotAsErrors"])
        {
            Assert.Empty(XDocument.Load(project).Descendants(name));
        }
    }

    [Fact]
    public void The_runtime_is_one_static_file_with_a_quiet_collector()
    {
        XDocument project = XDocument.Load(Path.Combine(Repository.Root, "src/ception/ception.csproj"));
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[("PublishAot", "true"), ("StaticExecutable", "true"),
            ("LinkerFlavor", "lld"), ("ConcurrentGarbageCollection", "false")])
        {
            Assert.Equal(value, (string?)project.Descendants(name).FirstOrDefault());
        }
    }
}
