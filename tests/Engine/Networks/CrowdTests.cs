using System.Diagnostics;
using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Many containers, one after the other and at once.</summary>
public sealed class CrowdTests(ITestOutputHelper output) : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    [Trait("category", "long")]
    public void Two_hundred_containers_are_on_one_bridge()
    {
        const int count = 200;
        _site.Cdock.Ok("network", "create", "town");
        Stopwatch time = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            _site.Start("c" + i, "--network", "town", "-p", $"{10_000 + i}:80");
        }

        output.WriteLine($"{count} started one after the other: {time.ElapsedMilliseconds / (double)count:F1} ms each");
        string[] addresses = _site.Cdock.Ok("network", "inspect", "-f", "{{range .Containers}}{{.IPv4Address}} {{end}}", "town").Trim().Split(' ');
        Assert.Equal(count, addresses.Distinct().Count());
        using NetworkPlace last = _site.Inside("c199");
        last.Serve(ProtocolType.Tcp, 80);
        using NetworkPlace first = _site.Inside("c0");
        Assert.Equal(_site.Address("c0", "town"), first.Ask(ProtocolType.Tcp, _site.Find("c0", "c199"), 80));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 10_199));
        for (int i = 0; i < count; i += 20)
        {
            Assert.Equal(_site.Address("c" + i, "town"), _site.Find("c199", "c" + i));
        }

        time.Restart();
        _site.Cdock.Ok("run", "--rm", "--runtime", Cdock.Runtime, "--network", "town", "-p", "9000:80", "host", "true");
        output.WriteLine($"run --rm beside {count}: {time.ElapsedMilliseconds} ms");
        last.Close();
        time.Restart();
        _site.Cdock.Ok(["rm", "-f", .. Enumerable.Range(0, count).Select(i => "c" + i)]);
        output.WriteLine($"{count} removed: {time.ElapsedMilliseconds / (double)count:F1} ms each");
        _site.NothingIsLeft();
    }

    [Fact]
    [Trait("category", "long")]
    public void A_hundred_start_and_stop_at_once()
    {
        const int count = 100;
        _site.Cdock.Ok("network", "create", "town");
        string[] names = [.. Enumerable.Range(0, count).Select(i => "c" + i)];
        Stopwatch time = Stopwatch.StartNew();
        AtOnce(names.Select((name, i) => (string[])["run", "-d", "--name", name, "--runtime", Cdock.Runtime, "--network", "town", "-p", $"{10_000 + i}:80", "host", "sleep", "1000000"]));
        output.WriteLine($"{count} started at once: {time.ElapsedMilliseconds} ms");

        string[] addresses = _site.Cdock.Ok("network", "inspect", "-f", "{{range .Containers}}{{.IPv4Address}} {{end}}", "town").Trim().Split(' ');
        Assert.Equal(count, addresses.Distinct().Count());
        Assert.Equal(count, _site.Elements().Length);
        foreach (int i in new[] { 0, 31, 62, 99 })
        {
            using NetworkPlace place = _site.Inside("c" + i);
            place.Serve(ProtocolType.Tcp, 80);
            Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 10_000 + i));
            Assert.Equal(_site.Address("c" + i, "town"), _site.Find("c50", "c" + i));
        }

        time.Restart();
        AtOnce(names.Select(name => (string[])["stop", "-t", "0", name]));
        output.WriteLine($"{count} stopped at once: {time.ElapsedMilliseconds} ms");
        Assert.Equal([], _site.Elements());
        time.Restart();
        AtOnce(names.Select(name => (string[])["start", name]));
        output.WriteLine($"{count} started again at once: {time.ElapsedMilliseconds} ms");
        Assert.Equal(addresses.Order(StringComparer.Ordinal), _site.Cdock.Ok("network", "inspect", "-f", "{{range .Containers}}{{.IPv4Address}} {{end}}", "town").Trim().Split(' ').Order(StringComparer.Ordinal));
        time.Restart();
        AtOnce(names.Select(name => (string[])["rm", "-f", name]));
        output.WriteLine($"{count} removed at once: {time.ElapsedMilliseconds} ms");
        _site.NothingIsLeft();
    }

    public void Dispose() => _site.Dispose();

    private void AtOnce(IEnumerable<string[]> lines)
    {
        Process[] all = [.. lines.Select(words => _site.Cdock.Start(words))];
        foreach (Process process in all)
        {
            Outcome outcome = Cdock.Finish(process);
            Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', process.StartInfo.ArgumentList)}: {outcome.Error}");
            process.Dispose();
        }
    }
}
