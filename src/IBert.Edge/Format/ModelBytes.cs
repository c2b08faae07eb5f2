// A model file's bytes: mapped, or read into memory of their own.
using System.IO.MemoryMappedFiles;
using System.Text;
using IBert.Edge.Memory;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Format;

/// <summary>
/// Where the bytes lie, and what became of the file since. A mapping shows whatever is written into the file, and reading it where the file
/// was cut ends the process; a copy of its own does neither. Replacing the file by renaming leaves both as they are.
/// </summary>
internal sealed unsafe class ModelBytes : IDisposable
{
    private readonly string path;
    private readonly byte[] utf8Path;

    // Of a mapping: the file behind it stays open, to be asked what happened to it.
    private readonly SafeFileHandle? file;
    private readonly MemoryMappedFile? mapping;
    private readonly MemoryMappedViewAccessor? view;

    // Of a copy.
    private readonly NativeBlock? block;

    // What was opened, as it was last known to be whole.
    private readonly Lock gate = new();
    private FileStamp stamp;

    // Whether nothing can have been written after the stamp that has its time: a file that was opened as soon as it was written is looked
    // at again.
    private bool settled;
    private bool broken;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="isPrivate">Whether to read it.</param>
    /// <exception cref="ModelFormatException">It is no file, has a size that no model has, or shrinks while it is read.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory to read it into.</exception>
    public ModelBytes(string path, bool isPrivate)
    {
        this.path = Path.GetFullPath(path);
        utf8Path = Encoding.UTF8.GetBytes(this.path + '\0');
        if (FileStamp.TryRead(this.path, utf8Path, out FileStamp there) && there.IsSpecial)
        {
            throw new ModelFormatException($"{path} is not a model: it is a pipe, a device or a socket; give the path of a model file");
        }
        SafeFileHandle opened = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            // Before anything of it is looked at: a change from here on shows.
            if (!FileStamp.TryRead(opened, out stamp))
            {
                throw new IOException($"{path} cannot be asked for its size");
            }
            settled = stamp.IsSettled;
            Length = stamp.Size;
            if (Length < FileHeader.Size)
            {
                throw new ModelFormatException($"{path} is not a model: it has {Length} bytes; convert a checkpoint with ibert-quantize");
            }
            if (Length > int.MaxValue)
            {
                throw new ModelFormatException($"{path} has {Length} bytes; a model has at most {int.MaxValue}");
            }
            if (isPrivate)
            {
                block = Allocate(Length, path);
                Read(opened, block.Pointer, Length, path);
                Pointer = block.Pointer;
                opened.Dispose();
                return;
            }
            file = opened;
            mapping = MemoryMappedFile.CreateFromFile(
                opened, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = mapping.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            Pointer = start + view.PointerOffset;
        }
        catch
        {
            opened.Dispose();
            Dispose();
            throw;
        }
    }

    /// <summary>The first byte.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Number of bytes, at most <see cref="int.MaxValue"/>.</summary>
    public long Length { get; }

    /// <summary>Whether the file still holds what was opened.</summary>
    /// <param name="contents">Whose checksums tell.</param>
    public bool AreUnchanged(ModelContents contents)
    {
        if (file is null)
        {
            return true;
        }
        bool seen = FileStamp.TryRead(file, out FileStamp now);
        // Read without the lock: a stamp that another thread is about to replace equals none that the file ever had.
        if (seen && settled && !broken && now.Equals(stamp))
        {
            return true;
        }
        lock (gate)
        {
            // A new time alone says nothing of the content: touch gives one, and so do new rights, and another file that took over the
            // name. The size comes first, as beyond the end of a file that was cut nothing can be read.
            broken |= !seen || now.Size != Length || !contents.MatchesItsChecksums();
            if (!broken)
            {
                settled = now.IsSettled;
                stamp = now;
            }
            return !broken;
        }
    }

    /// <summary>What lies at the path by now, where that is another file (or of a copy: another content); else null.</summary>
    public FileStamp? Successor()
    {
        if (!FileStamp.TryRead(path, utf8Path, out FileStamp there))
        {
            return null;
        }
        bool same = file is null ? there.IsSameContent(stamp) : FileStamp.TryRead(file, out FileStamp now) && there.IsSameFile(now);
        return same ? null : there;
    }

    public void Dispose()
    {
        if (Pointer is not null)
        {
            Pointer = null;
            view?.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        view?.Dispose();
        mapping?.Dispose();
        file?.Dispose();
        block?.Dispose();
    }

    private static NativeBlock Allocate(long bytes, string path)
    {
        try
        {
            return new NativeBlock(bytes);
        }
        catch (OutOfMemoryException error)
        {
            throw new InsufficientMemoryException(
                $"{path} has {bytes} bytes, for a copy of which there is no memory: map it, which takes none", error);
        }
    }

    private static void Read(SafeFileHandle file, byte* target, long length, string path)
    {
        for (long done = 0; done < length;)
        {
            int count = RandomAccess.Read(file, new Span<byte>(target + done, (int)(length - done)), done);
            if (count == 0)
            {
                throw new ModelFormatException($"{path} became shorter while it was read: wait until it is copied, and try again");
            }
            done += count;
        }
    }
}
