using System.Net;
using System.Text.Json;

namespace Containerception.Networks.Tests;

/// <summary>A machine of a test's own: a network namespace, on a thread that ends with it. iproute2 says what is in it, and busybox tries it.</summary>
internal static class Alone
{
    public static void Run(Action work)
    {
        Needs.Root();
        Needs.Program("ip");

        // .NET starts its thread for signals with the first program, and leaves it in the namespaces of whoever started that: not in one that is to end.
        Command.Run("true").Succeeded();
        NamespaceThread.Run(() =>
        {
            Linux.Namespaces.Unshare(NamespaceFlags.CLONE_NEWNET);
            work();
            return 0;
        });
    }

    public static string Ip(string words) => Command.Run(["ip", .. words.Split(' ')]).Succeeded();

    public static string Ip(ContainerNamespace container, string words) => container.Run(() => Ip(words));

    /// <summary>What ip says of one interface, in detail.</summary>
    public static JsonElement Link(string name) => JsonDocument.Parse(Ip($"-d -j link show dev {name}")).RootElement[0];

    public static JsonElement Link(ContainerNamespace container, string name) => container.Run(() => Link(name));

    /// <summary><c>eth0 172.17.0.2/16 brd 172.17.255.255 scope global</c> and so on, a line each, without what changes.</summary>
    public static string[] Addresses(string words)
        => [.. Ip($"-o address show {words}").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join(' ', line.Split('\\')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)))];

    public static string[] Addresses(ContainerNamespace container, string words) => container.Run(() => Addresses(words));

    public static string[] Interfaces() => [.. Ip("-br link show").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split([' ', '@'])[0])];

    /// <summary>Whether the first packet is answered. Who is not to be reached need not be waited for as long as a busy machine may take.</summary>
    public static bool Reaches(ContainerNamespace container, string address, int seconds = 10)
    {
        Needs.Program("busybox");
        string family = address.Contains(':', StringComparison.Ordinal) ? "-6" : "-4";
        string patience = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return container.Run(() => Command.Run("busybox", "ping", family, "-c", "1", "-W", patience, address)).Status == 0;
    }

    public static BridgePlan Bridge(string name = "br0", params string[] gateways)
        => new() { Name = name, Owner = "a test", Gateways = [.. gateways.Select(Address)] };

    public static InterfaceAddress Address(string text)
        => new(IPAddress.Parse(text.Split('/')[0]), int.Parse(text.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A container at br0.</summary>
    public static ContainerNamespace Container(params string[] addresses) => Container(plan => plan, addresses);

    public static ContainerNamespace Container(Func<EndpointPlan, EndpointPlan> change, params string[] addresses)
    {
        ContainerNamespace container = ContainerNamespace.Create();
        Connector.Connect(container, change(Endpoint(addresses)));
        return container;
    }

    public static EndpointPlan Endpoint(params string[] addresses) => new()
    {
        Bridge = "br0",
        HostInterface = InterfaceNames.Fresh(),
        Interface = "eth0",
        Mac = HardwareAddresses.Of(Address(addresses[0]).Address),
        Addresses = [.. addresses.Select(Address)],
    };

    /// <summary>Waits for what the kernel does in its own time.</summary>
    public static void Until(Func<bool> condition, string what)
        => Assert.True(SpinWait.SpinUntil(() => condition(), TimeSpan.FromSeconds(30)), $"{what}: not within 30 s");
}
