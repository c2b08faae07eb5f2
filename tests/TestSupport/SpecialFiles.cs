// Things in a folder that are no regular files, and further names of those that are.
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>Makes what .NET does not: pipes, hard links, sockets with a name.</summary>
public static partial class SpecialFiles
{
    /// <summary>A pipe with a name, and nobody at its other end.</summary>
    public static string Pipe(string path)
    {
        Assert.Equal(0, MakePipe(path, 0x1B6));
        return path;
    }

    /// <summary>Another name of a file.</summary>
    public static string HardLink(string path, string existing)
    {
        Assert.Equal(0, Link(existing, path));
        return path;
    }

    /// <summary>A link to a path.</summary>
    public static string SymbolicLink(string path, string target)
    {
        File.CreateSymbolicLink(path, target);
        return path;
    }

    /// <summary>A socket that stays when its owner is gone.</summary>
    public static string Socket(string path)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // .NET takes the name away when it closes the socket: it is given another one before.
        socket.Bind(new UnixDomainSocketEndPoint(path + "~"));
        File.Move(path + "~", path);
        return path;
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string path);
}
