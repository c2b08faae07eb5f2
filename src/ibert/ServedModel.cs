// The model of a program that runs for weeks: when another file takes its name, that is the model from the next text on.
using IBert.Edge.Cli.Output;
using IBert.Edge.Format;

namespace IBert.Edge.Cli;

/// <summary>A model with its classifier, opened anew when a file was renamed over it. What does not open leaves the old one at work.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly string? option;
    private readonly int? maxLength, threads;
    private readonly bool isPrivate;
    private ModelFile model;
    private FileStamp? refused;
    private bool told;

    /// <exception cref="CommandException">There is no model, or it cannot be used.</exception>
    public ServedModel(string? option, bool isPrivate, int? maxLength, int? threads = null)
    {
        (this.option, this.isPrivate, this.maxLength, this.threads) = (option, isPrivate, maxLength, threads);
        (model, Classifier) = Open();
    }

    /// <summary>The classifier for the next text, until <see cref="Refresh"/> finds another model.</summary>
    public Classifier Classifier { get; private set; }

    /// <summary>Looks for a new model, before a text. It allocates nothing where there is none.</summary>
    /// <returns>Whether there is another classifier.</returns>
    public bool Refresh()
    {
        if (model.Successor() is not { } there || there.Equals(refused))
        {
            return false;
        }
        try
        {
            (ModelFile, Classifier) successor = Open();
            Dispose();
            (model, Classifier) = successor;
            (refused, told) = (null, false);
            Messages.Error($"{model.Name} was replaced: from here on the new model answers");
            return true;
        }
        catch (Exception error) when (error is CommandException or InsufficientMemoryException)
        {
            // A file that is still being copied is another one at every text: it is tried again, but told of once.
            refused = there;
            if (!told)
            {
                told = true;
                Messages.Error($"{model.Name} was replaced, but the old model goes on: {error.Message}");
            }
            return false;
        }
    }

    public void Dispose()
    {
        Classifier.Dispose();
        model.Dispose();
    }

    private (ModelFile, Classifier) Open()
    {
        ModelFile opened = ModelAccess.Open(option, isPrivate);
        try
        {
            return (opened, ModelAccess.Classifier(opened, maxLength, threads));
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }
}
