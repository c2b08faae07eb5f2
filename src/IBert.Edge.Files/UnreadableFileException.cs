// What a path leads to when it cannot be read, in the words that a message of either program puts behind the path.
namespace IBert.Edge.Files;

/// <summary>A path that does not lead to a file that can be read; the message continues one that begins with the path.</summary>
internal sealed class UnreadableFileException(FileNature nature, string message) : IOException(message)
{
    /// <summary>What is there instead.</summary>
    public FileNature Nature { get; } = nature;
}

/// <summary>What a path leads to, links followed.</summary>
internal enum FileNature
{
    /// <summary>A file with bytes of its own.</summary>
    Regular,

    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A link to nothing, or to itself.</summary>
    BrokenLink,

    Folder,

    Pipe,

    Socket,

    Device,

    /// <summary>Something that the system does not show, or does not let this user read.</summary>
    Hidden,
}
