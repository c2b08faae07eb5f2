// Files for what reads files by their paths.
namespace IBert.Edge.CoverageFuzz;

/// <summary>A temporary folder, in memory where TMPDIR says so.</summary>
internal sealed class InputFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ibert-cover-").FullName;

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Remove(string name) => File.Delete(System.IO.Path.Combine(Path, name));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
