using System.Text;

namespace Containerception.Kernel.Tests;

public sealed class KernelNamesTests
{
    [Fact]
    public void The_names_are_those_that_the_kernel_tells_in_proc()
    {
        byte[] names = new byte[KernelNames.Length];
        KernelNames.Read(names);
        string[] words = Encoding.ASCII.GetString(names).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").TrimEnd(), words[0]);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/version").TrimEnd(), words[1]);
        Assert.Equal(3, words.Length);
    }
}
