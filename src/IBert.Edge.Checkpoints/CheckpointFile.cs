// Every file of a checkpoint folder is opened here. The folder may be anyone's: a name may lead to a device or a pipe, a link to something
// else than it seems, and a file be of any length.
using System.Text;
using System.Text.Unicode;
using IBert.Edge.Files;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Checkpoints;

/// <summary>What is read of a folder, by how much of it is read at most.</summary>
internal enum CheckpointFileKind
{
    /// <summary>config.json and the tokenizer's small files.</summary>
    Config,

    /// <summary>tokenizer.json, vocabularies and merges.</summary>
    Tokenizer,

    /// <summary>Which tensor is in which shard.</summary>
    Index,

    /// <summary>Tensors.</summary>
    Weights,

    /// <summary>Sentences of golden integers.</summary>
    Sentences,
}

/// <summary>
/// Opens regular files only, links followed (the Hub's cache is made of them), and never waits. How much is read is counted as it is read:
/// what a link or a folder's entry says of a length is not believed.
/// </summary>
internal static class CheckpointFile
{
    /// <summary>The most that is read of a file: several times what the largest real one has.</summary>
    public static long MostBytes(CheckpointFileKind kind) => kind switch
    {
        // The 21,843 labels of ImageNet take 2 MB.
        CheckpointFileKind.Config => 16L << 20,
        // The 250,000 pieces of XLM-RoBERTa take 17 MB, the 262,000 of Gemma 33 MB.
        CheckpointFileKind.Tokenizer => 128L << 20,
        // 15,000 tensors of a model far too large for a board take 2 MB.
        CheckpointFileKind.Index => 32L << 20,
        // Eight bytes for each byte of the largest model file.
        CheckpointFileKind.Weights => 16L << 30,
        _ => 64L << 20,
    };

    /// <summary>Whether a folder has something of that name, be it a link to nothing: that is then said.</summary>
    public static bool IsThere(string path) => InputFile.IsThere(path);

    /// <summary>Opens a file; who reads it counts its bytes.</summary>
    /// <exception cref="CheckpointException">It is missing, no regular file, or larger than files of its kind are.</exception>
    public static SafeFileHandle Open(string path, CheckpointFileKind kind)
    {
        try
        {
            SafeFileHandle handle = InputFile.Open(path);
            if (RandomAccess.GetLength(handle) <= MostBytes(kind))
            {
                return handle;
            }
            handle.Dispose();
            throw TooLarge(path, kind);
        }
        catch (UnreadableFileException error)
        {
            throw new CheckpointException(
                $"{path}: {error.Message}: copy or download the checkpoint again, with the files that its links lead to", error);
        }
    }

    /// <summary>Reads a file whole.</summary>
    /// <exception cref="CheckpointException">
    /// It is missing, no regular file, not to be read, larger than files of its kind are, or of another kind.
    /// </exception>
    public static byte[] Read(string path, CheckpointFileKind kind)
    {
        using SafeFileHandle handle = Open(path, kind);
        byte[] bytes;
        try
        {
            bytes = InputFile.ReadAll(handle, (int)MostBytes(kind)) ?? throw TooLarge(path, kind);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
        return FileSignature.Of(bytes.AsSpan(0, Math.Min(bytes.Length, FileSignature.Length))) is { } other
            ? throw new CheckpointException($"{path}: {other}")
            : bytes;
    }

    /// <summary>Reads a text in UTF-8, without its byte order mark.</summary>
    /// <exception cref="CheckpointException">As <see cref="Read"/>, or it is in another encoding.</exception>
    public static ReadOnlyMemory<byte> ReadText(string path, CheckpointFileKind kind)
    {
        byte[] bytes = Read(path, kind);
        if (FileSignature.Encoding(bytes.AsSpan(0, Math.Min(bytes.Length, FileSignature.Length))) is { } encoding)
        {
            throw new CheckpointException(encoding == "binary"
                ? $"{path}: is not text: it is damaged, download it again"
                : $"{path}: is in {encoding}, not in UTF-8: save it as UTF-8, or download it again");
        }
        return Utf8.IsValid(bytes)
            ? bytes.AsMemory(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0)
            : throw new CheckpointException($"{path}: has bytes that are not UTF-8: save it as UTF-8, or download it again");
    }

    /// <summary>The error for a file that was opened and cannot be read.</summary>
    public static CheckpointException Unreadable(string path, Exception error) =>
        new($"{path}: cannot be read ({error.Message.TrimEnd('.')}): copy or download it again", error);

    private static CheckpointException TooLarge(string path, CheckpointFileKind kind) =>
        new($"{path}: has more than {MostBytes(kind) >> 20} MB: it is not what its name says, download it again");
}
