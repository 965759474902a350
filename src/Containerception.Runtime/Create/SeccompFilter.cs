using Containerception.Oci;
using Containerception.Seccomp;

namespace Containerception.Runtime;

/// <summary>linux.seccomp, compiled for the child.</summary>
internal static class SeccompFilter
{
    public static (byte[]? Filter, uint Flags) Compile(SeccompConfig? config)
    {
        if (config is null)
        {
            return (null, 0);
        }

        try
        {
            SeccompProgram program = SeccompCompiler.Compile(config);
            if (program.Notifies)
            {
                throw new ContainerException(FailureKind.Unsupported, "linux.seccomp: SCMP_ACT_NOTIFY needs a listener, which this version does not support");
            }

            return (program.Instructions.ToArray(), (uint)program.Flags);
        }
        catch (SeccompException failure)
        {
            throw new ContainerException(FailureKind.Invalid, failure.Message, cause: failure);
        }
    }
}
