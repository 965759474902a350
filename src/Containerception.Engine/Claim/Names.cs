namespace Containerception.Engine;

/// <summary>Names of containers: which are allowed, and friendly ones for those that were given none.</summary>
internal static class Names
{
    private const int LengthMax = 128;

    private static readonly string[] Moods =
    [
        "able", "agile", "amber", "bold", "brave", "bright", "brisk", "calm", "clever", "cosy", "crisp", "daring", "eager", "early", "fair",
        "fleet", "fond", "frank", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "jolly", "keen", "kind", "lively", "loyal",
        "lucid", "merry", "mild", "modest", "neat", "nimble", "noble", "patient", "plucky", "polite", "proud", "quick", "quiet", "ready",
        "robust", "serene", "sharp", "silent", "smart", "solid", "spry", "steady", "still", "stout", "sunny", "swift", "tidy", "tranquil",
        "true", "vivid", "warm", "wise", "witty", "zesty",
    ];

    private static readonly string[] Vessels =
    [
        "amphora", "barge", "barque", "basket", "bottle", "bowl", "brig", "canoe", "caravel", "carrack", "casket", "catamaran", "chest",
        "clipper", "coaster", "cog", "corvette", "crate", "cutter", "dhow", "dinghy", "ferry", "flask", "freighter", "frigate", "galleon",
        "galley", "gondola", "jar", "junk", "kayak", "keelboat", "ketch", "kettle", "launch", "lighter", "longship", "lugger", "packet",
        "parcel", "pinnace", "pram", "punt", "raft", "sampan", "schooner", "skiff", "sloop", "steamer", "tanker", "tender", "trawler",
        "trimaran", "trunk", "tub", "tug", "urn", "vase", "wherry", "whaler", "xebec", "yacht", "yawl", "zabra",
    ];

    /// <summary>A name like <c>brave_schooner</c>; after some that were taken, with a number.</summary>
    public static string MakeUp(int attempt)
    {
        string name = $"{Pick(Moods)}_{Pick(Vessels)}";
        return attempt < 3 ? name : $"{name}{Random.Shared.Next(10, 10_000)}";
    }

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static string Checked(string name)
    {
        // The name becomes a file name: no slash, no leading dot, nothing to escape with.
        bool good = name.Length is > 1 and <= LengthMax && char.IsAsciiLetterOrDigit(name[0])
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');
        return good
            ? name
            : throw EngineException.Invalid($"--name: invalid container name \"{name}\"", "2 to 128 of [a-zA-Z0-9_.-], a letter or digit first");
    }

    private static string Pick(string[] words) => words[Random.Shared.Next(words.Length)];
}
