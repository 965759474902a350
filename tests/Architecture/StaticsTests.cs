using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Containerception.Architecture.Tests;

/// <summary>State has an owner: no static field can change. Looked for in the assemblies that the programs are published from.</summary>
public sealed class StaticsTests
{
    [Theory]
    [InlineData("ception")]
    [InlineData("cdock")]
    public void No_static_field_can_change(string program)
    {
        string folder = Directory.GetDirectories(Path.Combine(Repository.Root, "artifacts/bin", program), "release_linux-*")[0];
        string[] files = [.. Directory.GetFiles(folder, "Containerception.*.dll"), Path.Combine(folder, program + ".dll")];
        Assert.True(files.Length >= 3, $"only {files.Length} assemblies in {folder}");

        // A context of its own for each program: they share assemblies by name.
        AssemblyLoadContext context = new(program);
        context.Resolving += (_, name) => File.Exists(Path.Combine(folder, name.Name + ".dll")) ? context.LoadFromAssemblyPath(Path.Combine(folder, name.Name + ".dll")) : null;
        string[] changeable = [.. files.SelectMany(file => context.LoadFromAssemblyPath(file).GetTypes())
            .Where(type => !IsGenerated(type))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsLiteral && !field.IsInitOnly && !IsGenerated(field))
            .Select(field => $"{field.DeclaringType}.{field.Name}")];
        Assert.Empty(changeable);
    }

    /// <summary>Caches of lambdas and method groups, tables of array initializers, and what source generators make.</summary>
    private static bool IsGenerated(MemberInfo member)
        => member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
            || member.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false)
            || member.Name.Contains('<', StringComparison.Ordinal)
            || (member.DeclaringType is { } owner && IsGenerated(owner));
}
