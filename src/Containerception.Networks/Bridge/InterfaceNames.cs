using System.Globalization;
using System.Text;
using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>Names of network interfaces.</summary>
public static class InterfaceNames
{
    // IFNAMSIZ of linux/if.h, without the NUL.
    private const int BytesMax = 15;

    private const string Prefix = "veth";
    private const int RandomBytes = 6;

    /// <summary>A name that no interface has: <c>veth</c> and 44 random bits.</summary>
    public static string Fresh() => (Prefix + Randomness.GetHex(RandomBytes))[..BytesMax];

    /// <summary>Refuses what the kernel would refuse with nothing but EINVAL, or cut off. See dev_valid_name in net/core/dev.c.</summary>
    /// <exception cref="NetworkException">No interface can have that name.</exception>
    public static void Check(string name)
    {
        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > BytesMax)
        {
            throw new NetworkException(NetworkFailure.Invalid,
                string.Create(CultureInfo.InvariantCulture, $"interface name {name}: {bytes} bytes are too many (ENAMETOOLONG): the kernel takes {BytesMax}"));
        }

        // A percent sign is a template to the kernel: eth%d.
        if (bytes == 0 || name is "." or ".." || name.Any(letter => letter is '/' or ':' or '%' || char.IsWhiteSpace(letter) || char.IsControl(letter)))
        {
            throw new NetworkException(NetworkFailure.Invalid, $"interface name '{name}': no interface can have that name",
                "a name has 1 to 15 bytes, without blanks, slash, colon and percent sign, and is not '.' or '..'");
        }
    }
}
