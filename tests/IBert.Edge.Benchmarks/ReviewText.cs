// Text of a wanted length: what is classified decides nothing about the time, but it should be words.
namespace IBert.Edge.Benchmarks;

internal static class ReviewText
{
    /// <summary>A plain film review of more than 300 words; the words are common enough to be one token each.</summary>
    private static ReadOnlySpan<byte> Review => """
        this is one of the best films of the year , a warm and funny story about a family that has lost its way and finds it again . the
        young director knows what she wants to say and says it without a single false note . her camera stays close to the people , it
        listens to them and gives them the time that they need . the old man at the center of the story is played by an actor who has never
        been better , and the girl who comes to live in his house is a real discovery . there are scenes in this film that i will not forget
        , such as the long walk through the snow at night , or the morning when the two of them cook for the whole street . the music is
        used with great care and the pictures of the small town in winter are beautiful . not everything works as well as that . the second
        half is a little too long , and a friend from the city who turns up late in the story has too little to do . some people will say
        that it is all too kind and that real life is harder than this . they may be right , but the film never lies about what it costs to
        be kind , and it earns its happy end in full . when the lights came on again nobody in the theater wanted to get up and leave , and
        on the way home we talked about our own families and about the people we have lost . i went to see it again a week later with my
        mother , who has not been to the movies for ten years , and she liked it even more than i did . go and see it with someone you love
        , and take a coat with you , because you will feel the cold of that winter in your bones and the warmth of that kitchen in your
        heart .
        """u8;

    /// <summary>The shortest beginning of the review that makes so many tokens, special tokens included: its text and its ids.</summary>
    public static (byte[] Text, int[] Ids) OfTokens(Classifier classifier, int tokens)
    {
        ReadOnlySpan<byte> review = Review;
        for (int end = 1; end <= review.Length; end++)
        {
            if (end == review.Length || review[end] is (byte)' ' or (byte)'\n')
            {
                classifier.Tokenize(review[..end], out _);
                if (classifier.TokenIds.Length >= tokens)
                {
                    int[] ids = classifier.TokenIds[..tokens].ToArray();
                    ids[^1] = classifier.TokenIds[^1];
                    return (review[..end].ToArray(), ids);
                }
            }
        }
        throw new ArgumentException($"{tokens} tokens: the review has {classifier.TokenIds.Length} (a model may take fewer)");
    }
}
