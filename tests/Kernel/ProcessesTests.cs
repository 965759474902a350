using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class ProcessesTests
{
    [Fact]
    public void A_child_is_waited_for_by_its_pidfd_and_its_exit_code_told()
    {
        // $$ is the shell, which would bury a child that ends before it does.
        int pid = Adopt("while kill -0 $$; do :; done; exit 7");
        using SafeFileHandle process = Processes.PidfdOpen(pid);

        Assert.Equal(PollEvents.POLLIN, Polling.Poll(process, PollEvents.POLLIN, 5000));
        Assert.Equal(7, Waiting.TryWait(process, WaitOptions.WEXITED | WaitOptions.WNOWAIT)?.ExitCode);
        WaitStatus status = Waiting.Wait(process);

        Assert.Equal(new WaitStatus(pid, ChildChange.CLD_EXITED, 7), status);
        LinuxException error = Assert.Throws<LinuxException>(() => Waiting.Wait(pid));
        Assert.Equal($"waitid(P_PID, {pid}, WEXITED): no child processes (ECHILD)", error.Message);
    }

    [Fact]
    public void A_signal_goes_to_a_pidfd_and_its_number_comes_back()
    {
        int pid = Adopt("sleep 60");
        using SafeFileHandle process = Processes.PidfdOpen(pid);

        Assert.Null(Waiting.TryWait(pid));
        Assert.True(Processes.PidfdSendSignal(process, Signal.SIGKILL));
        WaitStatus status = Waiting.Wait(pid);

        Assert.Equal((Signal.SIGKILL, 137, true), (status.Signal, status.ExitCode, status.HasEnded));
        Assert.False(Processes.PidfdSendSignal(process, Signal.SIGTERM));
        Assert.Null(Processes.TryPidfdOpen(pid));
        Assert.False(Processes.Kill(pid, Signal.SIGTERM));
    }

    [Fact]
    public void A_descriptor_is_fetched_from_another_process()
    {
        Needs.Root();
        using SafeFileHandle self = Processes.PidfdOpen(Processes.GetPid());
        using Scratch scratch = new();

        using SafeFileHandle copy = Processes.PidfdGetFd(self, (int)scratch.Handle.DangerousGetHandle());

        Assert.Equal(FileStatuses.Statx(scratch.Handle).Inode, FileStatuses.Statx(copy).Inode);
    }

    [Fact]
    public void A_program_that_is_not_there_is_named()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => Processes.Execve("/nowhere", ["nowhere", "-x"], ["A=1"]));

        Assert.Equal("execve(\"/nowhere\", [\"nowhere\", \"-x\"], 1 variables): no such file or directory (ENOENT)", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_program_is_refused_by_its_descriptor()
    {
        using SafeFileHandle file = MemoryFiles.CreateExecutable("junk");
        FileContents.WriteAll(file, "junk"u8);

        LinuxException error = Assert.Throws<LinuxException>(() => Processes.Execveat(file, ["junk"], []));

        Assert.Equal(Errno.ENOEXEC, error.Errno);
    }

    [Fact]
    public unsafe void Texts_for_execve_end_with_a_null_pointer()
    {
        using NativeTexts texts = new(["one", "zwei ß"]);

        Assert.Equal("one", System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)texts.Pointers[0]));
        Assert.Equal("zwei ß", System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)texts.Pointers[1]));
        Assert.True(texts.Pointers[2] is null);
        Assert.Throws<LinuxException>(() => new NativeTexts(["A=1\0B=2"]));
    }

    [Fact]
    public void Further_descriptors_are_inherited_in_their_order_whatever_numbers_they_had()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle output = read;
        using Scratch scratch = new();

        // Backwards: each stands where the next but one is to go.
        SafeFileHandle[] files = [.. Enumerable.Range(0, 40).Select(i => Files.Open(scratch.File($"{i}"), OpenFlags.O_RDONLY)).Reverse()];
        int pid;
        using (write)
        {
            pid = Spawning.PosixSpawn("/bin/sh", ["sh", "-c", "i=4; while [ $i -lt 45 ]; do readlink /proc/$$/fd/$i; i=$((i + 1)); done"], ["PATH=/usr/bin:/bin"], standardOutput: write,
                third: files[3], further: files);
        }

        Assert.Equal(Enumerable.Range(0, 40).Reverse().Select(i => $"{scratch.Path}/{i}"),
            System.Text.Encoding.UTF8.GetString(FileContents.ReadAll(output, 1 << 16)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, Waiting.Wait(pid).ExitCode);
        Array.ForEach(files, file => file.Dispose());
    }

    // An orphan that this process inherits: .NET does not know it, and so does not take its end away from us.
    private static int Adopt(string command)
    {
        Prctl.IsChildSubreaper = true;
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"({command}) </dev/null >/dev/null 2>&1 & echo $!");
        using Process shell = Process.Start(start)!;
        int pid = int.Parse(shell.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
        shell.WaitForExit();
        return pid;
    }
}
