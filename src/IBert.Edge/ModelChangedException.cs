namespace IBert.Edge;

/// <summary>
/// The file of an open model was written over or cut: what was proven of it no longer holds, so nothing more is classified with it. Open it
/// again, which proves what it holds now. The message says how to replace a model that is in use.
/// </summary>
public sealed class ModelChangedException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="path">The model's path.</param>
    public ModelChangedException(string path)
        : base($"{path} was changed in place while it was in use: put a new model beside it and rename it (scp NEW " +
            $"board:{Path.GetFileName(path)}.new, then "
            + $"mv {Path.GetFileName(path)}.new {Path.GetFileName(path)}), or read it into memory (--private)") => FilePath = path;

    /// <summary>The model's path.</summary>
    public string FilePath { get; }
}
