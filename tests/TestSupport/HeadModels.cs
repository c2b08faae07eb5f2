// A model file for each kind of head, for tests that run programs.
namespace IBert.Edge.TestSupport;

/// <summary>The small random model with each kind of head: labels red, green and blue, or a value. Made when first asked for.</summary>
public static class HeadModels
{
    private static readonly Lazy<string> s_folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("ibert-heads-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        foreach (HeadKind kind in Enum.GetValues<HeadKind>())
        {
            File.WriteAllBytes(Place(folder, kind), SmallModel.File(kind));
        }
        return folder;
    });

    /// <summary>Path of the model with such a head.</summary>
    public static string Path(HeadKind kind) => Place(s_folder.Value, kind);

    private static string Place(string folder, HeadKind kind) => System.IO.Path.Combine(folder, $"{kind}.ibert");
}
