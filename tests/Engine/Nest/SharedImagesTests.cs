namespace Containerception.Engine.Tests;

/// <summary><c>--nest=share-images</c>: the images of the engine outside, inside.</summary>
public sealed class SharedImagesTests : IDisposable, IClassFixture<NestRoot>
{
    private const string Shared = "/var/lib/cdock-images";
    private readonly Cdock _cdock = new();

    public SharedImagesTests(NestRoot root)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        _cdock.Ok("import", root.Archive, "base");
    }

    [Fact]
    public void An_inner_run_pulls_nothing()
    {
        Outcome outcome = Sh("cdock run --rm --network none base echo ran; cdock images --format '{{.Repository}} {{.ReadOnly}}'; ls /var/lib/cdock/layers");

        Assert.Equal((0, "ran\nbase true\n", ""), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Fact]
    public void What_a_layer_has_deleted_stays_deleted_inside()
    {
        _cdock.Ok("run", "--name", "changed", "base", "sh", "-c", "rm -r /etc; mkdir /etc; echo new >/etc/new");
        _cdock.Ok("commit", "changed", "changed");
        _cdock.Ok("rm", "changed");

        Assert.Equal("new", Sh("cdock run --rm --network none changed sh -c 'ls /etc | grep -v -e host -e resolv'").Output.Trim());
    }

    [Fact]
    public void Another_name_for_one_is_an_image_of_ones_own()
        => Assert.Equal("mine:latest\nran\nbase", Sh(
            "cdock tag base mine; cdock rmi mine | head -1 | cut -d' ' -f2; cdock run --rm --network none base echo ran; cdock images --format '{{.Repository}}'").Output.Trim());

    [Theory]
    [InlineData("rmi base")]
    [InlineData("rmi -f base")]
    public void Inside_it_cannot_be_removed(string words)
    {
        Outcome outcome = Sh($"cdock {words}");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("image of the engine outside", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Outside_it_cannot_be_removed_while_it_is_shared()
    {
        string other = _cdock.Ok("commit", _cdock.Ok("create", "base", "true"), "other");
        _cdock.Ok("create", "--name", "outer", "--nest=share-images", "base", "true");

        Assert.Contains(" is using its referenced image", _cdock.Do("rmi", "other").Error, StringComparison.Ordinal);
        _cdock.Ok("image", "prune", "-a", "-f");
        Assert.Contains(other["sha256:".Length..][..12], _cdock.Ok("images", "-q"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("touch $layer/evil $shared/layers/evil $shared/blobs/evil $shared/evil")]
    [InlineData("mount -o remount,rw,bind $shared || mount -o remount,rw,bind $shared/layers || mount -o remount,rw,bind $shared/blobs")]
    [InlineData("mount -o bind $shared/layers /mnt; mount -o remount,rw,bind /mnt; touch /mnt/evil")]
    [InlineData("mount -o rbind $shared /mnt; mount -o remount,rw,bind /mnt/layers; touch /mnt/layers/evil")]
    [InlineData("mount -t tmpfs none /mnt; mkdir /mnt/w /mnt/m; mount -t overlay o -o lowerdir=/bin,upperdir=$layer,workdir=/mnt/w,userxattr /mnt/m && touch /mnt/m/evil")]
    [InlineData("umount $shared/layers; umount $shared; touch $shared/evil")]
    [InlineData("touch /proc/1/root$layer/evil")]
    public void Its_root_writes_nothing_to_them(string script)
    {
        // The engine outside marks each layer once.
        Sh("true");
        string before = Contents();

        Outcome outcome = Sh($"mkdir -p /mnt; shared={Shared}; layer=$(ls -d $shared/layers/* | head -1); [ -e $layer/bin ] || exit 0; {script}");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal(before, Contents());
    }

    [Fact]
    public void They_are_shared_no_further()
    {
        Outcome outcome = Sh("cdock run --rm --nest=share-images --network none base true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("are shared no further", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_can_be_is_told()
    {
        Outcome outcome = _cdock.Do("run", "--nest=all", "base", "true");

        Assert.Equal((125, "cdock: invalid value \"all\" for --nest"), (outcome.ExitCode, outcome.FirstError));
    }

    public void Dispose() => _cdock.Dispose();

    private Outcome Sh(string script) => _cdock.Run("--nest=share-images", "--network", "none", "base", "sh", "-c", script);

    /// <summary>Names, owners, modes, sizes and times of all that the store has.</summary>
    private string Contents()
        => Cdock.Finish(_cdock.Start("find", [Path.Join(_cdock.Root, "layers"), Path.Join(_cdock.Root, "blobs"), "-printf", "%P %U %G %m %s %T@\n"])).Output;
}
