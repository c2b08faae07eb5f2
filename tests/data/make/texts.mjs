// Writes texts/: reviews and pairs from a seeded grammar, beside the sentences of written.tsv. node make/texts.mjs
import path from "node:path";
import { pick, random, shuffle } from "./random.mjs";
import { readTsv, writeTsv } from "./tsv.mjs";

const folder = path.join(import.meta.dirname, "..", "texts");

// Reviews: index 0 is negative, 1 is positive.
const adjectives = [
  ["dull", "boring", "awful", "terrible", "tedious", "clumsy", "bland", "stale", "lifeless", "pointless", "messy", "shallow", "lazy", "tiresome",
    "dreadful", "horrible", "silly", "annoying", "ugly", "flat", "predictable", "bleak", "hollow", "weak", "poor", "disappointing", "forgettable",
    "pretentious", "incoherent", "unfunny", "contrived", "cheap", "stupid", "painful", "sloppy", "ridiculous", "empty", "monotonous", "unpleasant",
    "overlong", "wooden", "desperate", "uninspired", "irritating", "mediocre"],
  ["charming", "wonderful", "delightful", "moving", "funny", "brilliant", "gripping", "clever", "tender", "warm", "lovely", "beautiful", "affecting",
    "touching", "smart", "witty", "superb", "excellent", "enjoyable", "fresh", "thoughtful", "powerful", "sweet", "honest", "engaging", "inventive",
    "thrilling", "magical", "remarkable", "gorgeous", "compelling", "splendid", "joyful", "original", "fascinating", "terrific", "impressive",
    "heartfelt", "elegant", "absorbing", "rich", "refreshing", "marvelous", "hilarious", "perfect"],
];
const adverbs = ["very", "really", "truly", "utterly", "thoroughly", "remarkably", "quite", "so", "often", "surprisingly", "consistently", "deeply"];
const things = ["film", "movie", "story", "comedy", "thriller", "drama", "documentary", "romance", "sequel", "adventure", "musical", "western",
  "portrait", "journey", "fairy tale", "mystery", "cartoon", "show", "tale", "horror film", "war movie", "book", "album"];
const parts = ["the acting", "the script", "the direction", "the cast", "the music", "the ending", "the dialogue", "the plot", "the camera work",
  "the lead actress", "the young hero", "the writing", "the humor", "the pace", "the final scene", "the first half", "the romance", "the villain",
  "the photography", "the editing", "the story", "the supporting cast", "the whole production"];
const products = ["this phone", "the hotel", "this camera", "the restaurant", "this little radio", "the blender", "this game", "the concert", "the museum",
  "this backpack", "the delivery", "the train ride", "this keyboard", "the theater", "this lamp"];
const productVerbs = [
  ["broke after a week", "was a waste of money", "never worked", "was late and dirty", "is slow, loud and overpriced", "failed when i needed it most",
    "was a bad idea", "is worse than the old one", "is not worth half of its price"],
  ["works like a dream", "was worth every cent", "never lets me down", "was clean, quiet and friendly", "is fast, light and easy to use",
    "made our holiday", "is the best that i have had", "is better than i hoped", "is a pleasure every day"],
];
const verbs = [
  ["never comes to life", "falls apart", "goes nowhere", "wears out its welcome", "makes no sense", "feels like homework", "drags on for ever",
    "insults its audience", "runs out of ideas after ten minutes", "fails to make us care", "lacks both charm and wit", "is a waste of good actors",
    "left me cold", "tries hard and fails", "misses every chance that it gets", "sinks under its own weight", "bores us to death",
    "is a complete mess", "cannot be saved by anyone", "feels twice as long as it is"],
  ["comes alive in every scene", "holds together to the end", "is full of surprises", "never loses its charm", "makes perfect sense", "feels like a gift",
    "flies by", "respects its audience", "is bursting with ideas", "makes us care", "has both charm and wit", "gives its actors room to shine",
    "left me smiling", "tries hard and succeeds", "takes every chance that it gets", "soars", "keeps us on the edge of our seats",
    "is a complete delight", "deserves to be seen by everyone", "feels half as long as it is"],
];
const nouns = [
  ["mess", "bore", "disaster", "failure", "waste", "disappointment", "embarrassment", "chore", "insult", "nightmare"],
  ["gem", "joy", "treat", "triumph", "masterpiece", "pleasure", "delight", "wonder", "surprise", "gift"],
];
const openings = [
  ["what a waste of", "skip", "i hated", "i regret", "nobody will enjoy", "there is nothing to like about", "save your money and avoid",
    "i was bored by", "we walked out of", "i cannot recommend"],
  ["what a joy to see", "do not miss", "i loved", "i admire", "everybody will enjoy", "there is so much to like about", "call your friends and see",
    "i was charmed by", "we applauded", "i can only recommend"],
];
const people = ["children", "adults", "fans of the book", "anyone with a heart", "lovers of old movies", "my whole family", "the critics", "students"];
const places = ["in a small town", "on a remote island", "in paris", "during the war", "in the mountains", "on a night train", "in space", "at school",
  "in a hospital", "by the sea", "in the desert", "in new york"];
const numbers = ["two", "three", "90", "107", "1,001", "ten", "15", "2.5"];

function review(next, label) {
  const own = (lists) => pick(next, lists[label]);
  const other = (lists) => pick(next, lists[1 - label]);
  const a = (phrase) => (/^[aeiou]/.test(phrase) ? `an ${phrase}` : `a ${phrase}`);
  const maybe = (share, phrase) => (next() < share ? phrase() : "");
  const adjective = () => maybe(0.25, () => pick(next, adverbs) + " ") + own(adjectives);
  const two = () => {
    const first = own(adjectives);
    let second = own(adjectives);
    while (second === first) second = own(adjectives);
    return [first, second];
  };
  const clause = () => pick(next, [
    () => `${pick(next, parts)} is ${adjective()}`,
    () => `${pick(next, parts)} ${own(verbs)}`,
    () => `${pick(next, parts)} is ${two().join(" and ")}`,
    () => `it ${own(verbs)}`,
    () => `it is ${a(adjective())} ${pick(next, things)}`,
    () => `${pick(next, people)} will find it ${adjective()}`,
  ])();
  const whole = () => pick(next, [
    () => own(adjectives),
    () => two().join(" and "),
    () => `${two().join(", ")} and ${own(adjectives)}`,
    () => `${a(adjective())} ${pick(next, things)}`,
    () => `${a(two().join(", "))} ${pick(next, things)} that ${own(verbs)}`,
    () => `${clause()}`,
    () => `${clause()}, and ${clause()}`,
    () => `${clause()}, ${clause()}, and ${clause()}`,
    () => `${own(openings)} this ${own(adjectives)} ${pick(next, things)}`,
    () => `${own(openings)} this ${pick(next, things)} ${pick(next, places)}: ${clause()}`,
    () => `set ${pick(next, places)}, this ${pick(next, things)} is ${a(adjective())} ${own(nouns)}`,
    () => `despite ${a(other(adjectives))} opening, this ${pick(next, things)} is ${adjective()} and ${own(verbs)}`,
    () => `${pick(next, numbers)} minutes of ${own(adjectives)} ${pick(next, ["dialogue", "action", "music", "jokes", "romance"])}, and ${clause()}`,
    () => `${pick(next, products)} ${own(productVerbs)}`,
    () => `${pick(next, products)} ${own(productVerbs)}, and the service was ${adjective()}`,
    () => `what ${a(own(adjectives))} ${pick(next, things)}! ${clause()}, and ${clause()}`,
    () => `${clause()}. ${clause()}; ${clause()}, ${clause()}, and in the end it is ${a(own(nouns))} for ${pick(next, people)}`,
    () => `i saw it ${pick(next, places)} with ${pick(next, people)}: ${clause()}`,
    () => `as a ${pick(next, things)} ${pick(next, places)} it is ${adjective()}, ${adjective()} and ${own(adjectives)}; ${clause()}`,
  ])();
  const end = pick(next, [".", ".", ".", ".", "!", "", "", "..."]);
  const text = whole() + end;
  return next() < 0.5 ? text[0].toUpperCase() + text.slice(1) : text;
}

const written = readTsv(path.join(folder, "written.tsv"));
const next = random(1);
const seen = new Set(written.map((row) => row.sentence));
for (const [split, count] of [["train", 300], ["dev", 200]]) {
  const rows = written.filter((row) => row.split === split).map((row) => [row.sentence, row.label]);
  while (rows.length < count) {
    const label = rows.length % 2;
    const text = review(next, label);
    if (!seen.has(text)) {
      seen.add(text);
      rows.push([text, label]);
    }
  }
  writeTsv(path.join(folder, `reviews.${split}.tsv`), ["sentence", "label"], shuffle(next, rows));
}

// Pairs: two remarks on one thing, and the stars that both together give it, 0 to 5.
const mild = ["a little", "a bit", "rather", "somewhat", "fairly"], strong = ["utterly", "thoroughly", "simply", "completely", "absolutely"];
const remarks = [...parts, "the theater", "the seats", "the popcorn", "the service"];

function remark(next) {
  const label = next() < 0.5 ? 0 : 1, isMild = next() < 0.4;
  const stars = label === 0 ? (isMild ? 1 : 0) : isMild ? 4 : 5;
  const subject = pick(next, remarks), adjective = pick(next, adjectives[label]);
  const text = isMild ? `${subject} is ${pick(next, mild)} ${adjective}` : pick(next, [
    () => `${subject} is ${pick(next, strong)} ${adjective}`,
    () => `${subject} ${pick(next, verbs[label])}`,
    () => `${pick(next, openings[label])} this ${adjective} ${pick(next, things)}`,
    () => `what a ${pick(next, nouns[label])}`,
  ])();
  return [text[0].toUpperCase() + text.slice(1) + ".", stars];
}

const pairs = random(2);
const known = new Set();
for (const [split, count] of [["train", 400], ["dev", 100]]) {
  const rows = [];
  while (rows.length < count) {
    const [one, starsOfOne] = remark(pairs), [two, starsOfTwo] = remark(pairs);
    const key = `${one}\t${two}`;
    if (one === two || known.has(key)) continue;
    known.add(key);
    rows.push([one, two, (starsOfOne + starsOfTwo) / 2]);
  }
  writeTsv(path.join(folder, `pairs.${split}.tsv`), ["sentence1", "sentence2", "score"], rows);
}
