using System.Text;
using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Fuzz.Tests;

/// <summary>Archives that strangers wrote: read, or refused with the one kind of error that says so; and nothing outside is touched.</summary>
public sealed class ArchiveFuzz
{
    private static readonly byte[] Magic = "ustar"u8.ToArray();

    [Fact]
    public void An_archive_is_read_or_refused()
        => Campaign.Run("tar", static archive => Taken(() =>
        {
            TarReader reader = new(new MemoryStream(archive));
            byte[] buffer = new byte[4096];
            while (reader.Next() is { } entry)
            {
                Assert.NotNull(entry.Name);
                Assert.True(entry.Size >= 0 && entry.StoredSize >= 0);
                while (reader.Read(buffer) > 0)
                {
                }
            }
        }), OfTar);

    [Fact]
    public void A_layer_is_unpacked_or_refused_and_never_leaves_its_directory()
    {
        Needs.Root();
        string top = Directory.CreateDirectory($"/dev/shm/fuzz-{Guid.NewGuid():N}").FullName;
        string kept = Path.Join(top, "kept");
        File.WriteAllText(kept, "as it was");
        File.SetUnixFileMode(kept, UnixFileMode.UserRead);
        FileStatus before = FileStatuses.Statx(Descriptor.WorkingDirectory, kept, AtFlags.None);
        try
        {
            Campaign.Run("tar", archive =>
            {
                string root = Directory.CreateDirectory(Path.Join(top, "root")).FullName;
                using (SafeFileHandle directory = Files.Open(root, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
                using (LayerUnpacker unpacker = new(directory))
                {
                    Taken(() => unpacker.Unpack(new TarReader(new MemoryStream(archive))));
                }

                Assert.Equal(before, FileStatuses.Statx(Descriptor.WorkingDirectory, kept, AtFlags.None));
                Assert.Equal(2, Directory.GetFileSystemEntries(top).Length);
                FileTrees.Remove(root);
                Assert.False(Directory.Exists(root));
            }, OfTar);
        }
        finally
        {
            FileTrees.Remove(top);
        }
    }

    [Fact]
    public void What_was_read_is_read_again_as_we_write_it()
        => Campaign.Run("tar", static archive => Taken(() =>
        {
            MemoryStream written = new();
            TarWriter writer = new(written);
            List<TarEntry> entries = [];
            TarReader reader = new(new MemoryStream(archive));
            while (entries.Count < 100 && reader.Next() is { } entry)
            {
                // What is sparse is written whole: only its header is looked at here.
                TarEntry empty = entry with { Size = 0, StoredSize = 0, Parts = null };
                entries.Add(empty);
                writer.Begin(empty);
            }

            writer.End();
            TarReader again = new(new MemoryStream(written.ToArray()), endNeeded: true);
            foreach (TarEntry entry in entries)
            {
                TarEntry found = again.Next()!;
                Assert.Equal((entry.Name, entry.LinkName, entry.Kind, entry.Mode, entry.Uid, entry.Gid), (found.Name, found.LinkName, found.Kind, found.Mode, found.Uid, found.Gid));
                Assert.Equal(entry.Attributes.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => one.Name), found.Attributes.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => one.Name));
            }

            Assert.Null(again.Next());
        }), OfTar);

    private static void Taken(Action read)
    {
        try
        {
            read();
        }
        catch (ImageException refusal)
        {
            Assert.NotEmpty(refusal.Message);
        }
    }

    /// <summary>Mutated bytes; most times the sums of what still looks like a header are made right, or nothing else would ever be reached.</summary>
    private static byte[] OfTar(Choices choices, byte[][] corpus)
    {
        byte[] archive = Mutation.OfBytes(choices, corpus);
        if (choices.Below(8) == 7)
        {
            return archive;
        }

        for (int at = 0; at + 512 <= archive.Length; at += 512)
        {
            Span<byte> block = archive.AsSpan(at, 512);
            if (block.Slice(257, Magic.Length).SequenceEqual(Magic))
            {
                block.Slice(148, 8).Fill((byte)' ');
                int sum = 0;
                foreach (byte one in block)
                {
                    sum += one;
                }

                Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0')).CopyTo(block[148..]);
                block[154] = 0;
            }
        }

        return archive;
    }
}
