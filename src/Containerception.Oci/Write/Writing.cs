namespace Containerception.Oci;

public sealed partial record RuntimeConfig
{
    /// <summary>The document as <c>runc spec</c> would write it: indented with tabs, no newline at its end.</summary>
    /// <param name="indented">False for one that a runtime alone reads: two thirds of the bytes, for it too.</param>
    public byte[] ToJson(bool indented = true) => ConfigWriter.Document(json => RuntimeConfigWriter.Write(json, this), indented);
}

public sealed partial record ProcessConfig
{
    /// <summary>The document of <c>exec --process</c>, on one line.</summary>
    public byte[] ToJson() => ConfigWriter.Document(json => ProcessWriter.Write(json, this), indented: false);
}

public sealed partial record State
{
    /// <summary>The document on one line.</summary>
    public byte[] ToJson() => ConfigWriter.Document(
        json =>
        {
            json.Text("ociVersion", OciVersion);
            json.Text("id", Id);
            json.Text("status", Status);
            json.Number("pid", Pid == 0 ? null : Pid);
            json.Text("bundle", Bundle);
            json.TextMap("annotations", Annotations);
        },
        indented: false);
}

public sealed partial record LinuxResources
{
    /// <summary>A document of limits alone, on one line.</summary>
    public byte[] ToJson() => ConfigWriter.Document(json => ResourcesWriter.Write(json, this), indented: false);
}
