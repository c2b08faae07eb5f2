// What each setting of a checkpoint's tokenizer files does, a line each: the files that are changed, and the ids that texts then have by a
// definition in which the library is told the same, or what the refusal says. Written as settings.jsonl.
import fs from "node:fs";
import path from "node:path";
import { Peer, here, writeLines } from "./lib.mjs";

const config = "tokenizer_config.json",
    tokenizer = "tokenizer.json",
    specials = "special_tokens_map.json",
    model = "config.json";
const added = "added_tokens.json",
    vocabText = "vocab.txt",
    merges = "merges.txt",
    vocabJson = "vocab.json";
const all = {
    uncased: [tokenizer, config, specials, vocabText],
    roberta: [tokenizer, config, specials, vocabJson, merges],
    other: [tokenizer, config],
};

const read = (name) => fs.readFileSync(path.join(here, name), "utf8");
const given = Object.fromEntries(Object.keys(all).map((base) => [base, JSON.parse(read(`${base}/${tokenizer}`))]));
const vocabulary = Object.fromEntries(Object.keys(all).map((base) => [base, given[base].model.vocab]));
const size = (base) => Object.keys(vocabulary[base]).length;

/** Changes in one file: a value for each place, nothing to remove it. */
const set = (file, places) =>
    Object.entries(places).map(([place, value]) => ({
        file,
        place: place.split("."),
        value: value === undefined ? null : value,
        removed: value === undefined,
    }));
const remove = (...files) => files.map((file) => ({ file, gone: true }));
const replace = (file, text) => [{ file, text }];
const legacy = (base) => set(config, Object.fromEntries(["added_tokens_decoder"].map((name) => [name, undefined])));

function apply(definition, changes) {
    for (const { file, place, value, removed } of changes) {
        if (file !== tokenizer || !place) continue;
        const parent = place.slice(0, -1).reduce((json, name) => json[name], definition);
        if (removed) delete parent[place.at(-1)];
        else parent[place.at(-1)] = value;
    }
    return definition;
}

const token = (content, more = {}) => ({
    content,
    lstrip: false,
    normalized: false,
    rstrip: false,
    single_word: false,
    special: true,
    ...more,
});
const withToken = (definition, content, more) => {
    const old = definition.added_tokens.find((t) => t.content === content);
    if (old) Object.assign(old, more);
    else definition.added_tokens.push({ id: 0, ...token(content), ...more }); // the library gives it its id
};

const rows = [];
const texts = {
    uncased: [
        "a film that trusts its actors",
        "bad [SEP] good [CLS]",
        "Caf\u00e9  [MASK]  \u4e2d\u6587 [mask] UNAFFABLE",
        "the [PAD] [NEW] [new] x[NEW]y",
    ],
    roberta: [
        "a film that trusts its actors",
        "bad </s> good <s>",
        "Caf\u00e9  <mask>  \u4e2d\u6587 <MASK>",
        "the <pad> <new> <NEW> x<new>y",
    ],
    other: ["a film that trusts its actors", "supercalifragilistic unaffordable <a> <b>", "Caf\u00e9 tok\u00e9na \u4e2d\u6587"],
};

/**
 * A setting that is done.
 * name, base, changes; peer: what makes the library's definition the same; texts, pairs, max, side: what is tried.
 */
async function done(
    name,
    base,
    changes,
    { peer = () => {}, more = [], max = 0, side = "right", pairs = [], noTypes = false, ...rest } = {},
) {
    const definition = apply(structuredClone(given[base]), changes);
    peer(definition);
    definition.truncation = definition.padding = null;
    const library = new Peer(definition),
        tried = [];
    for (const text of [...texts[base], ...more]) {
        tried.push({ text, ids: max > 0 ? (await library.cut(text, null, max, side)).ids : await library.ids(text) });
    }
    for (const [a, b] of pairs) {
        const { ids, types } = await library.cut(a, b, max || 64, side);
        tried.push({ a, b, ids, types: noTypes ? types.map(() => 0) : types });
    }
    rows.push({ name, base, changes, max: max || 64, tried, ...rest });
}

/** A setting that is refused, and what the message must say. */
const refused = (name, base, changes, ...says) => rows.push({ name, base, changes, says });

const pairs = [
    ["a film that trusts its actors and never once raises its voice", "not a masterpiece, but often very funny"],
    ["bad", "a b c d e f g h i j k"],
];
const seven = "one two three four five six seven";

// The side that is cut.
for (const base of ["uncased", "roberta"]) {
    const cut = { max: 8, more: [seven], pairs };
    await done("truncation_side left", base, set(config, { truncation_side: "left" }), { ...cut, side: "left" });
    await done("truncation_side right", base, set(config, { truncation_side: "right" }), cut);
    await done(
        "truncation.direction Left",
        base,
        set(tokenizer, { truncation: { direction: "Left", max_length: 5, strategy: "LongestFirst", stride: 0 } }),
        { ...cut, side: "left" },
    );
    await done(
        "truncation.direction Left, but truncation_side right",
        base,
        [
            ...set(tokenizer, { truncation: { direction: "Left", max_length: 5, strategy: "LongestFirst", stride: 2 } }),
            ...set(config, { truncation_side: "right" }),
        ],
        cut,
    );
    await done("truncation_side left, no tokenizer.json", base, [...remove(tokenizer), ...set(config, { truncation_side: "left" })], {
        ...cut,
        side: "left",
    });
    refused(
        "truncation_side up",
        base,
        set(config, { truncation_side: "up" }),
        'tokenizer_config.json.truncation_side is "up"',
        '"right" or "left"',
    );
    refused("truncation_side null", base, set(config, { truncation_side: null }), "tokenizer_config.json.truncation_side is missing");
    refused(
        "truncation.direction right",
        base,
        set(tokenizer, { truncation: { direction: "right" } }),
        'tokenizer.json.truncation.direction is "right"',
    );
    refused(
        "truncation.strategy OnlyFirst",
        base,
        set(tokenizer, { truncation: { strategy: "OnlyFirst", direction: "Right" } }),
        'tokenizer.json.truncation.strategy is "OnlyFirst"',
        "LongestFirst",
    );
    refused(
        "truncation_strategy only_second",
        base,
        set(config, { truncation_strategy: "only_second" }),
        "tokenizer_config.json.truncation_strategy",
    );
    await done("truncation_strategy longest_first", base, set(config, { truncation_strategy: "longest_first", stride: 3, max_length: 7 }));
}

// Lengths, padding and what is decoded change no ids.
for (const base of ["uncased", "roberta"]) {
    await done("model_max_length", base, set(config, { model_max_length: 77 }), { maxLength: 77 });
    await done("model_max_length of no limit", base, set(config, { model_max_length: 1e30 }), { maxLength: 0 });
    await done("max_len", base, set(config, { model_max_length: undefined, max_len: 33 }), { maxLength: 33 });
    refused("model_max_length 2", base, set(config, { model_max_length: 2 }), "tokenizer_config.json.model_max_length is 2", "at least");
    refused(
        "model_max_length a text",
        base,
        set(config, { model_max_length: "512" }),
        'tokenizer_config.json.model_max_length is "512"',
        "whole number",
    );
    refused("model_max_length 5.5", base, set(config, { model_max_length: 5.5 }), "tokenizer_config.json.model_max_length is 5.5");
    await done(
        "padding",
        base,
        set(tokenizer, {
            padding: { strategy: { Fixed: 9 }, direction: "Left", pad_to_multiple_of: 8, pad_id: 0, pad_type_id: 0, pad_token: "x" },
        }),
    );
    await done("padding_side", base, set(config, { padding_side: "left", pad_to_multiple_of: 8, pad_token_type_id: 0 }));
    refused("padding_side up", base, set(config, { padding_side: "up" }), 'tokenizer_config.json.padding_side is "up"');
    await done("no decoder", base, set(tokenizer, { decoder: null }));
    await done(
        "what is decoded",
        base,
        set(config, { clean_up_tokenization_spaces: true, errors: "ignore", chat_template: "x", name_or_path: "y", unheard_of: 3 }),
    );
}

// Special tokens in texts.
await done("split_special_tokens", "uncased", set(config, { split_special_tokens: true }), {
    peer: (d) => {
        d.added_tokens = [];
    },
});
await done("split_special_tokens", "roberta", set(config, { split_special_tokens: true }), {
    peer: (d) => {
        d.added_tokens = [];
    },
});
await done("split_special_tokens false", "uncased", set(config, { split_special_tokens: false }));
await done(
    "split_special_tokens, and a token that is not special",
    "uncased",
    set(config, {
        split_special_tokens: true,
        [`added_tokens_decoder.${size("uncased")}`]: token("[NEW]", { special: false, normalized: true }),
    }),
    {
        peer: (d) => {
            d.added_tokens = [{ id: size("uncased"), ...token("[NEW]", { special: false, normalized: true }) }];
        },
    },
);
await done("split_special_tokens, no tokenizer.json", "uncased", [...remove(tokenizer), ...set(config, { split_special_tokens: true })], {
    peer: (d) => {
        d.added_tokens = [];
    },
});
refused(
    "split_special_tokens a text",
    "uncased",
    set(config, { split_special_tokens: "yes" }),
    'tokenizer_config.json.split_special_tokens is "yes"',
    "true or false",
);

// Flags that differ: what is stated later counts.
const maskId = vocabulary.roberta["<mask>"],
    strip = ["a b <mask>  c", "a\u3000<mask>", "x<mask>y", "<mask> <mask>"];
await done("mask without lstrip in tokenizer.json", "roberta", set(tokenizer, { "added_tokens.4.lstrip": false }), {
    more: strip,
    peer: (d) => withToken(d, "<mask>", { lstrip: true }),
});
await done("mask without lstrip in added_tokens_decoder", "roberta", set(config, { [`added_tokens_decoder.${maskId}.lstrip`]: false }), {
    more: strip,
    peer: (d) => withToken(d, "<mask>", { lstrip: false }),
});
await done("mask with rstrip in added_tokens_decoder", "roberta", set(config, { [`added_tokens_decoder.${maskId}.rstrip`]: true }), {
    more: strip,
    peer: (d) => withToken(d, "<mask>", { rstrip: true }),
});
await done(
    "mask with single_word in added_tokens_decoder",
    "roberta",
    set(config, { [`added_tokens_decoder.${maskId}.single_word`]: true }),
    { more: strip, peer: (d) => withToken(d, "<mask>", { single_word: true }) },
);
await done(
    "mask normalized in added_tokens_decoder: it stays where it was first",
    "uncased",
    set(config, { "added_tokens_decoder.9.normalized": true, "added_tokens_decoder.9.rstrip": true }),
    { peer: (d) => withToken(d, "[MASK]", { rstrip: true }) },
);
await done(
    "mask without lstrip in tokenizer.json, no added_tokens_decoder",
    "roberta",
    [...set(tokenizer, { "added_tokens.4.lstrip": false }), ...legacy("roberta")],
    { more: strip },
);
await done("mask of the class", "roberta", [...set(tokenizer, { "added_tokens.4.lstrip": false }), ...remove(config, specials)], {
    more: strip,
    peer: (d) => withToken(d, "<mask>", { lstrip: true }),
});
await done(
    "mask that added_tokens_decoder leaves out",
    "roberta",
    [...set(tokenizer, { "added_tokens.4.lstrip": false }), ...set(config, { [`added_tokens_decoder.${maskId}`]: undefined })],
    { more: strip, peer: (d) => withToken(d, "<mask>", { lstrip: true }) },
);
await done(
    "mask as an object in tokenizer_config.json",
    "roberta",
    set(config, {
        [`added_tokens_decoder.${maskId}`]: undefined,
        mask_token: { __type: "AddedToken", ...token("<mask>", { rstrip: true }) },
    }),
    { more: strip, peer: (d) => withToken(d, "<mask>", { lstrip: false, rstrip: true }) },
);
await done(
    "a token that added_tokens_decoder adds",
    "uncased",
    set(config, { [`added_tokens_decoder.${size("uncased")}`]: token("[NEW]", { special: false, normalized: true }) }),
    { peer: (d) => d.added_tokens.push({ id: size("uncased"), ...token("[NEW]", { special: false, normalized: true }) }) },
);
await done(
    "a token that tokenizer.json adds",
    "roberta",
    set(tokenizer, { "added_tokens.5": { id: size("roberta"), ...token("<new>", { lstrip: true, special: false }) } }),
);
refused(
    "an id that another has",
    "uncased",
    set(config, { "added_tokens_decoder.20": token("[NEW]") }),
    "added_tokens_decoder.20",
    "'[NEW]' has 20",
);
refused(
    "an id with a hole before it",
    "uncased",
    set(config, { "added_tokens_decoder.9999": token("[NEW]") }),
    `which is ${size("uncased")}; '[NEW]' has 9999`,
);
refused(
    "an id of tokenizer.json that is not the vocabulary's",
    "uncased",
    set(tokenizer, { "added_tokens.0.id": 3 }),
    "tokenizer.json.added_tokens[0]",
    "'[PAD]' has 3",
);
refused(
    "an id that is no number",
    "uncased",
    set(config, { "added_tokens_decoder.x": token("[NEW]") }),
    "added_tokens_decoder.x",
    "an id as its name",
);
refused(
    "two tokens that end the library",
    "roberta",
    set(tokenizer, {
        "added_tokens.5": { id: size("roberta"), ...token("<new>", { rstrip: true }) },
        "added_tokens.6": { id: size("roberta") + 1, ...token("  ", { lstrip: true }) },
    }),
    "white space with lstrip and without rstrip",
);
refused(
    "a token that is nothing when it is normalized",
    "uncased",
    set(tokenizer, { "added_tokens.5": { id: size("uncased"), ...token("\u200b", { normalized: true }) } }),
    "nothing is left of the added token",
);
refused(
    "a token that is too long",
    "uncased",
    set(tokenizer, { "added_tokens.5": { id: size("uncased"), ...token("x".repeat(300)) } }),
    "longer than 256 bytes",
);
refused(
    "normalized tokens of two normalizers",
    "uncased",
    [
        ...set(tokenizer, { "added_tokens.5": { id: size("uncased"), ...token("[New]", { normalized: true }) } }),
        ...set(config, { do_lower_case: false }),
    ],
    "[New]",
    "Make the two the same",
);

// Special tokens by name.
await done("cls_token that the post-processor does not have", "uncased", set(config, { cls_token: "[unused1]" }), {
    more: ["a [unused1] b"],
    peer: (d) => withToken(d, "[unused1]", { id: vocabulary.uncased["[unused1]"] }),
});
await done(
    "cls_token and sep_token without tokenizer.json",
    "uncased",
    [...remove(tokenizer), ...set(config, { cls_token: "[unused1]", sep_token: "[unused2]" })],
    {
        pairs,
        more: ["a [unused1] b"],
        peer: (d) => {
            for (const [from, to] of [
                ["[CLS]", "[unused1]"],
                ["[SEP]", "[unused2]"],
            ]) {
                withToken(d, to, { id: vocabulary.uncased[to] });
                d.post_processor.special_tokens[from].ids = [vocabulary.uncased[to]];
            }
        },
    },
);
await done("bos_token of BERT", "uncased", set(config, { bos_token: "[unused0]", eos_token: null }), {
    more: ["a [unused0] b"],
    peer: (d) => withToken(d, "[unused0]", {}),
});
await done(
    "mask_token null without tokenizer.json",
    "uncased",
    [...remove(tokenizer, specials), ...set(config, { mask_token: null }), ...legacy("uncased")],
    {
        peer: (d) => {
            d.added_tokens = d.added_tokens.filter((t) => t.content !== "[MASK]");
        },
    },
);
await done("additional_special_tokens", "uncased", set(config, { additional_special_tokens: ["[unused0]", "[MASK]"] }), {
    more: ["a[unused0]b [UNUSED0]"],
    peer: (d) => withToken(d, "[unused0]", {}),
});
await done("additional_special_tokens that are new", "roberta", set(config, { additional_special_tokens: ["<new>"] }), {
    peer: (d) => withToken(d, "<new>", {}),
});
await done(
    "extra_special_tokens",
    "uncased",
    set(config, {
        extra_special_tokens: {
            picture_token: "[unused0]",
            sound_token: { __type: "AddedToken", ...token("[unused1]", { lstrip: true }) },
        },
    }),
    {
        more: ["a[unused0]b", "a  [unused1]"],
        peer: (d) => {
            withToken(d, "[unused0]", {});
            withToken(d, "[unused1]", { lstrip: true });
        },
    },
);
await done(
    "a special token that is new, and a row of the model for it",
    "uncased",
    [...set(config, { bos_token: "[new]" }), ...replace(model, JSON.stringify({ model_type: "bert", vocab_size: size("uncased") + 1 }))],
    { peer: (d) => withToken(d, "[new]", {}) },
);
await done("a special token that is new, and no row of the model for it", "uncased", [
    ...set(config, { bos_token: "[new]" }),
    ...replace(model, JSON.stringify({ model_type: "bert", vocab_size: size("uncased") })),
]);
refused("vocab_size a text", "uncased", replace(model, JSON.stringify({ vocab_size: "many" })), 'config.json.vocab_size is "many"');
refused(
    "extra_special_tokens a list",
    "uncased",
    set(config, { extra_special_tokens: ["[NEW]"] }),
    'tokenizer_config.json.extra_special_tokens is ["[NEW]"]',
    "an object",
);
await done(
    "special_tokens_map.json where there is no added_tokens_decoder",
    "uncased",
    [
        ...remove(tokenizer),
        ...legacy("uncased"),
        ...set(specials, { mask_token: { content: "[MASK]", lstrip: true, normalized: false, rstrip: true, single_word: false } }),
    ],
    { peer: (d) => withToken(d, "[MASK]", { lstrip: true, rstrip: true }) },
);
await done(
    "special_tokens_map.json where there is an added_tokens_decoder",
    "uncased",
    set(specials, { mask_token: "[unused1]", additional_special_tokens: ["[unused0]"] }),
    { more: ["a [unused1] [unused0]"] },
);
await done(
    "additional tokens of special_tokens_map.json",
    "uncased",
    [...legacy("uncased"), ...set(specials, { additional_special_tokens: ["[unused0]"] })],
    { more: ["a[unused0]b"], peer: (d) => withToken(d, "[unused0]", {}) },
);
refused(
    "special_tokens_map.json with a number",
    "uncased",
    set(specials, { mask_token: 5 }),
    "special_tokens_map.json.mask_token is 5",
    "a text or an object or null",
);
refused(
    "special_tokens_map.json without content",
    "uncased",
    [...legacy("uncased"), ...set(specials, { mask_token: { lstrip: true } })],
    "special_tokens_map.json.mask_token.content is missing",
);
refused(
    "additional_special_tokens a text",
    "uncased",
    set(config, { additional_special_tokens: "[NEW]" }),
    'tokenizer_config.json.additional_special_tokens is "[NEW]"',
    "a list",
);
refused(
    "a special token that the vocabulary lacks",
    "uncased",
    [...remove(tokenizer), ...set(config, { sep_token: "[end]" })],
    "no '[end]'",
    "sep_token",
);
await done(
    "added_tokens.json",
    "uncased",
    [...remove(tokenizer), ...legacy("uncased"), ...replace(added, JSON.stringify({ "[NEW]": size("uncased") }))],
    { peer: (d) => d.added_tokens.push({ id: size("uncased"), ...token("[NEW]", { normalized: true, special: false }) }) },
);
await done("added_tokens.json that says the same", "uncased", replace(added, JSON.stringify({ "[MASK]": vocabulary.uncased["[MASK]"] })));
await done("added_tokens.json with nothing in it", "uncased", [...remove(tokenizer), ...replace(added, "{}")]);
refused(
    "added_tokens.json that says something else",
    "uncased",
    replace(added, JSON.stringify({ "[NEW]": size("uncased") })),
    "added_tokens.json.[NEW]",
);
refused("added_tokens.json with a text", "uncased", replace(added, JSON.stringify({ "[NEW]": "7" })), 'added_tokens.json.[NEW] is "7"');
refused("added_tokens.json a list", "uncased", replace(added, "[]"), "added_tokens.json is []");

// Which class it is.
for (const name of [
    "BertJapaneseTokenizer",
    "BertweetTokenizer",
    "PhobertTokenizer",
    "XLMRobertaTokenizerFast",
    "CamembertTokenizer",
    "ElectraTokenizer",
    "MyTokenizer",
    "",
]) {
    refused(
        `tokenizer_class ${name} in config.json`,
        "uncased",
        [...set(config, { tokenizer_class: undefined }), ...replace(model, JSON.stringify({ model_type: "bert", tokenizer_class: name }))],
        `config.json.tokenizer_class asks for the tokenizer class ${name}`,
    );
    refused(
        `tokenizer_class ${name} in tokenizer_config.json`,
        "uncased",
        set(config, { tokenizer_class: name }),
        `tokenizer_config.json.tokenizer_class asks for the tokenizer class ${name}`,
    );
}
await done(
    "tokenizer_class in config.json where tokenizer_config.json has one",
    "uncased",
    replace(model, JSON.stringify({ model_type: "bert", tokenizer_class: "BertJapaneseTokenizer" })),
);
await done(
    "tokenizer_class in config.json alone",
    "uncased",
    [
        ...remove(config),
        ...set(tokenizer, { "normalizer.lowercase": false }),
        ...replace(model, JSON.stringify({ tokenizer_class: "DistilBertTokenizer" })),
    ],
    {
        peer: (d) => {
            d.normalizer.lowercase = true;
        },
    },
);
await done("tokenizer_class PreTrainedTokenizerFast in config.json", "uncased", [
    ...remove(config),
    ...set(tokenizer, { "normalizer.lowercase": false }),
    ...replace(model, JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" })),
]);
await done(
    "model_type alone",
    "uncased",
    [...remove(config), ...set(tokenizer, { "normalizer.lowercase": false }), ...replace(model, JSON.stringify({ model_type: "bert" }))],
    {
        peer: (d) => {
            d.normalizer.lowercase = true;
        },
    },
);
await done("model_type alone", "roberta", [...remove(config, specials), ...replace(model, JSON.stringify({ model_type: "ibert" }))]);
refused(
    "model_type of another family",
    "uncased",
    [...remove(config), ...replace(model, JSON.stringify({ model_type: "xlm-roberta" }))],
    "config.json.model_type is xlm-roberta",
);
refused("model_type a number", "uncased", replace(model, JSON.stringify({ model_type: 3 })), "config.json.model_type is 3");
refused(
    "tokenizer_class a list",
    "uncased",
    set(config, { tokenizer_class: ["BertTokenizer"] }),
    'tokenizer_config.json.tokenizer_class is ["BertTokenizer"]',
);
refused(
    "auto_map",
    "uncased",
    set(config, { auto_map: { AutoTokenizer: ["own.Tokenizer", null] } }),
    "tokenizer_config.json.auto_map",
    "a program of its own",
);
refused("auto_map of old", "uncased", set(config, { auto_map: ["own.Tokenizer", null] }), "tokenizer_config.json.auto_map");
refused(
    "auto_map in config.json",
    "uncased",
    [
        ...set(config, { tokenizer_class: undefined }),
        ...replace(model, JSON.stringify({ auto_map: { AutoTokenizer: ["own.Tokenizer", null] } })),
    ],
    "config.json.auto_map",
);
await done("auto_map of a model", "uncased", set(config, { auto_map: { AutoModel: "own.Model" } }));
refused(
    "a class of the other kind",
    "uncased",
    set(config, { tokenizer_class: "RobertaTokenizer" }),
    "tokenizer.json.model is WordPiece, and only BPE",
);
refused(
    "a class of the other kind",
    "roberta",
    set(config, { tokenizer_class: "BertTokenizer" }),
    "tokenizer.json.model is BPE, and only WordPiece",
);

// Settings of the classes.
for (const [name, value, normalizer] of [
    ["do_lower_case", false, { lowercase: false, strip_accents: false }],
    ["strip_accents", false, { strip_accents: false }],
    ["strip_accents", null, {}],
    ["tokenize_chinese_chars", false, { handle_chinese_chars: false }],
]) {
    const peer = (d) => Object.assign(d.normalizer, normalizer);
    await done(`${name} ${value}`, "uncased", set(config, { [name]: value }), { peer });
    await done(`${name} ${value}, no tokenizer.json`, "uncased", [...remove(tokenizer), ...set(config, { [name]: value })], { peer });
    refused(`${name} a text`, "uncased", set(config, { [name]: "no" }), `tokenizer_config.json.${name} is "no"`);
}
await done("no clean_text", "uncased", set(tokenizer, { "normalizer.clean_text": false }), { more: ["a\u0000b \u200b"] });
for (const [name, value] of [
    ["do_lower_case", true],
    ["strip_accents", true],
    ["tokenize_chinese_chars", true],
]) {
    refused(`${name} of RoBERTa`, "roberta", set(config, { [name]: value }), `tokenizer_config.json.${name} is ${value}; expected false`);
}
await done("do_lower_case that says the same", "roberta", set(config, { do_lower_case: false }));
refused(
    "do_lower_case that says something else than tokenizer.json",
    "other",
    set(config, { do_lower_case: false }),
    "tokenizer_config.json.do_lower_case is false; expected true",
);
await done(
    "do_lower_case that says the same as tokenizer.json",
    "other",
    set(config, { do_lower_case: true, strip_accents: true, tokenize_chinese_chars: true }),
);
await done("add_prefix_space", "roberta", set(config, { add_prefix_space: true }), {
    peer: (d) => {
        d.pre_tokenizer.add_prefix_space = true;
    },
});
await done("add_prefix_space of tokenizer.json alone", "roberta", set(tokenizer, { "pre_tokenizer.add_prefix_space": true }), {
    peer: (d) => {
        d.pre_tokenizer.add_prefix_space = false;
    },
});
await done("add_prefix_space, no tokenizer.json", "roberta", [...remove(tokenizer), ...set(config, { add_prefix_space: true })], {
    peer: (d) => {
        d.pre_tokenizer.add_prefix_space = true;
    },
});
await done("add_prefix_space of BERT", "uncased", set(config, { add_prefix_space: true }));
await done("trim_offsets", "roberta", [
    ...set(config, { trim_offsets: false }),
    ...set(tokenizer, {
        "pre_tokenizer.trim_offsets": false,
        "post_processor.trim_offsets": false,
        "post_processor.add_prefix_space": true,
    }),
]);
refused(
    "trim_offsets a number",
    "roberta",
    set(tokenizer, { "post_processor.trim_offsets": 1 }),
    "tokenizer.json.post_processor.trim_offsets is 1",
);
await done("model_input_names without types", "uncased", set(config, { model_input_names: ["input_ids", "attention_mask"] }), {
    pairs,
    noTypes: true,
});
await done(
    "model_input_names with types",
    "uncased",
    set(config, { model_input_names: ["input_ids", "token_type_ids", "attention_mask"] }),
    { pairs },
);
await done(
    "a class without types for a model that has them",
    "uncased",
    [...set(config, { tokenizer_class: "DistilBertTokenizer" }), ...replace(model, JSON.stringify({ model_type: "bert" }))],
    { pairs, noTypes: true },
);
await done(
    "model_input_names without types for a model without",
    "uncased",
    [
        ...set(config, { model_input_names: ["input_ids", "attention_mask"] }),
        ...replace(model, JSON.stringify({ model_type: "distilbert" })),
    ],
    { pairs },
);
await done(
    "a class without types for a model without",
    "uncased",
    [...set(config, { tokenizer_class: "DistilBertTokenizer" }), ...replace(model, JSON.stringify({ model_type: "distilbert" }))],
    { pairs },
);
refused(
    "model_input_names without ids",
    "uncased",
    set(config, { model_input_names: ["pixel_values"] }),
    "tokenizer_config.json.model_input_names",
);
refused(
    "model_input_names of numbers",
    "uncased",
    set(config, { model_input_names: [5] }),
    "tokenizer_config.json.model_input_names[0] is 5",
);
refused(
    "do_basic_tokenize false",
    "uncased",
    set(config, { do_basic_tokenize: false }),
    "tokenizer_config.json.do_basic_tokenize is false; expected true",
);
refused("never_split", "uncased", set(config, { never_split: ["x"] }), 'tokenizer_config.json.never_split is ["x"]');
await done(
    "never_split of nothing",
    "uncased",
    set(config, { never_split: [], do_basic_tokenize: true, use_fast: true, from_slow: false, init_inputs: [] }),
);
refused("use_fast false", "uncased", set(config, { use_fast: false }), "tokenizer_config.json.use_fast is false");
refused("from_slow", "uncased", set(config, { from_slow: true }), "tokenizer_config.json.from_slow is true");
refused("init_inputs", "uncased", set(config, { init_inputs: ["vocab.txt"] }), "tokenizer_config.json.init_inputs");
refused("vocab_file", "uncased", set(config, { vocab_file: "other.txt" }), 'tokenizer_config.json.vocab_file is "other.txt"');
refused("merges_file", "roberta", set(config, { merges_file: "other.txt" }), 'tokenizer_config.json.merges_file is "other.txt"');
refused("tokenizer_file", "uncased", set(config, { tokenizer_file: "other.json" }), 'tokenizer_config.json.tokenizer_file is "other.json"');
await done(
    "tokenizer_file null: tokenizer.json is not read",
    "uncased",
    [
        ...set(config, { tokenizer_file: null, vocab_file: null, special_tokens_map_file: null }),
        ...set(tokenizer, { "model.max_input_chars_per_word": 3 }),
    ],
    {
        peer: (d) => {
            d.model.max_input_chars_per_word = 100;
        },
    },
);
await done("fast_tokenizer_files", "uncased", set(config, { fast_tokenizer_files: ["tokenizer.json"] }));
refused(
    "fast_tokenizer_files of versions",
    "uncased",
    set(config, { fast_tokenizer_files: ["tokenizer.4.0.0.json"] }),
    'tokenizer_config.json.fast_tokenizer_files[0] is "tokenizer.4.0.0.json"',
);
await done("wordpieces_prefix", "uncased", set(config, { wordpieces_prefix: "##" }));
refused(
    "wordpieces_prefix of another",
    "uncased",
    set(config, { wordpieces_prefix: "@@" }),
    'tokenizer_config.json.wordpieces_prefix is "@@"',
);
for (const name of [
    "add_bos_token",
    "add_eos_token",
    "word_tokenizer_type",
    "subword_tokenizer_type",
    "mecab_kwargs",
    "normalization",
    "sp_model_kwargs",
    "keep_accents",
]) {
    refused(
        name,
        "uncased",
        set(config, { [name]: name.endsWith("type") ? "mecab" : true }),
        `tokenizer_config.json.${name} is `,
        "no such setting",
    );
}

// The parts of tokenizer.json.
for (const base of ["uncased", "roberta"]) await done("model without type", base, set(tokenizer, { "model.type": undefined }));
await done(
    "model without type, merges as texts",
    "roberta",
    set(tokenizer, { "model.type": undefined, "model.merges": given.roberta.model.merges.map((pair) => pair.join(" ")) }),
);
refused(
    "model without type and prefix",
    "uncased",
    set(tokenizer, { "model.type": undefined, "model.continuing_subword_prefix": undefined }),
    "tokenizer.json.model is WordLevel",
);
refused(
    "model without type and merges",
    "roberta",
    set(tokenizer, { "model.type": undefined, "model.merges": undefined }),
    "tokenizer.json.model is of no type",
);
refused("model Unigram", "uncased", set(tokenizer, { model: { type: "Unigram", vocab: [] } }), "tokenizer.json.model is Unigram");
refused("model WordLevel", "uncased", set(tokenizer, { "model.type": "WordLevel" }), "tokenizer.json.model is WordLevel");
refused("model null", "uncased", set(tokenizer, { model: null }), "tokenizer.json.model is missing");
refused("model.type a number", "uncased", set(tokenizer, { "model.type": 3 }), "tokenizer.json.model.type is 3");
await done("max_input_chars_per_word", "uncased", set(tokenizer, { "model.max_input_chars_per_word": 5 }));
refused(
    "max_input_chars_per_word 5000",
    "uncased",
    set(tokenizer, { "model.max_input_chars_per_word": 5000 }),
    "max_input_chars_per_word is 5000",
);
refused(
    "max_input_chars_per_word a text",
    "uncased",
    set(tokenizer, { "model.max_input_chars_per_word": "5" }),
    'tokenizer.json.model.max_input_chars_per_word is "5"',
);
await done("continuing_subword_prefix", "other", set(tokenizer, { "model.continuing_subword_prefix": "##" }));
refused(
    "continuing_subword_prefix a number",
    "uncased",
    set(tokenizer, { "model.continuing_subword_prefix": 2 }),
    "tokenizer.json.model.continuing_subword_prefix is 2",
);
await done("unk_token", "uncased", set(tokenizer, { "model.unk_token": "[unused0]" }));
refused("unk_token that the vocabulary lacks", "uncased", set(tokenizer, { "model.unk_token": "[no]" }), "no '[no]'", "unk_token");
for (const [name, value] of [
    ["dropout", 0.1],
    ["fuse_unk", true],
    ["byte_fallback", true],
    ["ignore_merges", true],
    ["continuing_subword_prefix", "##"],
    ["end_of_word_suffix", "</w>"],
]) {
    refused(
        `${name} of BPE`,
        "roberta",
        set(tokenizer, { [`model.${name}`]: value }),
        `tokenizer.json.model.${name} is ${JSON.stringify(value)}`,
    );
}
await done("dropout 0", "roberta", set(tokenizer, { "model.dropout": 0, "model.unk_token": "<unk>" }));
refused("dropout a text", "roberta", set(tokenizer, { "model.dropout": "0.1" }), 'tokenizer.json.model.dropout is "0.1"');
refused("merges a text", "roberta", set(tokenizer, { "model.merges": "a b" }), 'tokenizer.json.model.merges is "a b"');
refused("a merge of three", "roberta", set(tokenizer, { "model.merges": ["a b c"] }), 'tokenizer.json.model.merges[0] is "a b c"');
refused("a merge of a number", "roberta", set(tokenizer, { "model.merges": [["a", 3]] }), "tokenizer.json.model.merges[0][1] is 3");
refused("vocab a list", "uncased", set(tokenizer, { "model.vocab": [["a", 0]] }), "tokenizer.json.model.vocab is [");
refused(
    "an id that is no whole number",
    "uncased",
    set(tokenizer, { "model.vocab.[PAD]": 0.5 }),
    "tokenizer.json.model.vocab.[PAD] is 0.5",
);
refused(
    "an id that two pieces have",
    "uncased",
    set(tokenizer, { "model.vocab.[unused0]": 0 }),
    "tokenizer.json.model.vocab.[unused0] is 0",
);
await done("an empty piece", "uncased", set(tokenizer, { "model.vocab.": size("uncased") }), {
    peer: (d) => {
        delete d.model.vocab[""];
    },
});
await done("an empty piece", "roberta", set(tokenizer, { "model.vocab.": size("roberta") }), {
    peer: (d) => {
        delete d.model.vocab[""];
    },
});

for (const normalizer of [
    { type: "Lowercase" },
    { type: "NFD" },
    { type: "NFKC" },
    { type: "Strip", strip_left: true, strip_right: true },
    { type: "StripAccents" },
    { type: "Replace", pattern: { String: "a" }, content: "b" },
    { type: "Prepend", prepend: "_" },
    { type: "Precompiled", precompiled_charsmap: "AA==" },
    { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "Lowercase" }, { type: "StripAccents" }] },
    {},
]) {
    const says = normalizer.normalizers ? "Sequence of NFD, Lowercase, StripAccents" : (normalizer.type ?? "of no type");
    for (const base of ["uncased", "other"])
        refused(`normalizer ${says}`, base, set(tokenizer, { normalizer }), `tokenizer.json.normalizer is ${says}`);
    refused(`normalizer ${says}`, "roberta", set(tokenizer, { normalizer }), "tokenizer.json.normalizer is {", "no normalizer");
}
await done("no normalizer", "other", set(tokenizer, { normalizer: null }));
refused("no normalizer of BERT", "uncased", set(tokenizer, { normalizer: null }), "tokenizer.json.normalizer is missing");
refused("normalizer a text", "uncased", set(tokenizer, { normalizer: "Lowercase" }), 'tokenizer.json.normalizer is "Lowercase"');
refused("normalizer with a number", "uncased", set(tokenizer, { "normalizer.clean_text": 1 }), "tokenizer.json.normalizer.clean_text is 1");

for (const pre of [
    { type: "Whitespace" },
    { type: "WhitespaceSplit" },
    { type: "Punctuation", behavior: "Isolated" },
    { type: "Digits", individual_digits: true },
    { type: "Metaspace", replacement: "_", add_prefix_space: true },
    { type: "Split", pattern: { Regex: "x" }, behavior: "Isolated", invert: false },
    { type: "CharDelimiterSplit", delimiter: "x" },
    { type: "UnicodeScripts" },
    { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, { type: "ByteLevel" }] },
    {},
]) {
    const says = pre.pretokenizers ? "Sequence of Digits, ByteLevel" : (pre.type ?? "of no type");
    for (const base of ["uncased", "roberta"])
        refused(`pre_tokenizer ${says}`, base, set(tokenizer, { pre_tokenizer: pre }), `tokenizer.json.pre_tokenizer is ${says}`);
}
refused("no pre_tokenizer", "uncased", set(tokenizer, { pre_tokenizer: null }), "tokenizer.json.pre_tokenizer is missing");
refused(
    "use_regex false",
    "roberta",
    set(tokenizer, { "pre_tokenizer.use_regex": false }),
    "tokenizer.json.pre_tokenizer.use_regex is false",
);

const piece = (id, type_id = 0) => ({ SpecialToken: { id, type_id } }),
    sequence = (id, type_id = 0) => ({ Sequence: { id, type_id } });
const known = (base, ...tokens) => Object.fromEntries(tokens.map((id) => [id, { id, ids: [vocabulary[base][id]], tokens: [id] }]));
await done(
    "BertProcessing of WordPiece",
    "uncased",
    set(tokenizer, {
        post_processor: {
            type: "BertProcessing",
            sep: ["[SEP]", vocabulary.uncased["[SEP]"]],
            cls: ["[CLS]", vocabulary.uncased["[CLS]"]],
        },
    }),
    { pairs },
);
// RoBERTa's class hands a model no types.
await done(
    "BertProcessing of BPE",
    "roberta",
    set(tokenizer, { post_processor: { type: "BertProcessing", sep: ["</s>", 2], cls: ["<s>", 0] } }),
    { pairs, noTypes: true },
);
await done(
    "RobertaProcessing of WordPiece",
    "uncased",
    set(tokenizer, {
        post_processor: {
            type: "RobertaProcessing",
            sep: ["[SEP]", vocabulary.uncased["[SEP]"]],
            cls: ["[CLS]", vocabulary.uncased["[CLS]"]],
            trim_offsets: true,
            add_prefix_space: false,
        },
    }),
    { pairs },
);
await done(
    "a template of RoBERTa",
    "roberta",
    set(tokenizer, {
        post_processor: {
            type: "TemplateProcessing",
            single: [piece("<s>"), sequence("A"), piece("</s>")],
            pair: [piece("<s>"), sequence("A"), piece("</s>"), piece("</s>"), sequence("B", 1), piece("</s>", 1)],
            special_tokens: known("roberta", "<s>", "</s>"),
        },
    }),
    { pairs, noTypes: true },
);
await done(
    "a template with tokens of two ids",
    "uncased",
    set(tokenizer, {
        post_processor: {
            type: "TemplateProcessing",
            single: [piece("x"), sequence("A")],
            pair: [sequence("A"), piece("x", 1), sequence("B"), piece("x")],
            special_tokens: { x: { id: "x", ids: [7, 9], tokens: ["[CLS]", "[MASK]"] } },
        },
    }),
    { pairs },
);
await done(
    "a sequence of processors",
    "roberta",
    set(tokenizer, {
        post_processor: {
            type: "Sequence",
            processors: [{ type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true }, given.roberta.post_processor],
        },
    }),
    { pairs },
);
refused(
    "a sequence of two templates",
    "uncased",
    set(tokenizer, { post_processor: { type: "Sequence", processors: [given.uncased.post_processor, given.uncased.post_processor] } }),
    "tokenizer.json.post_processor is Sequence of TemplateProcessing, TemplateProcessing",
);
refused(
    "a processor alone that adds nothing",
    "roberta",
    set(tokenizer, { post_processor: { type: "ByteLevel" } }),
    "tokenizer.json.post_processor is ByteLevel",
);
const template = (single, pair) => set(tokenizer, { "post_processor.single": single, "post_processor.pair": pair });
const both = [piece("[CLS]"), sequence("A"), piece("[SEP]"), sequence("B", 1), piece("[SEP]", 1)];
refused("a template without the text", "uncased", template([piece("[CLS]")], both), "tokenizer.json.post_processor.single is [");
refused(
    "a template of the second text first",
    "uncased",
    template([piece("[CLS]"), sequence("A")], [piece("[CLS]"), sequence("B"), sequence("A")]),
    "tokenizer.json.post_processor.pair is [",
);
refused(
    "a template with a third type",
    "uncased",
    template([piece("[CLS]"), sequence("A")], [piece("[CLS]"), sequence("A"), sequence("B", 2)]),
    "type_id is 2",
);
refused(
    "a template with an unknown token",
    "uncased",
    template([piece("[no]"), sequence("A")], both),
    "tokenizer.json.post_processor.special_tokens.[no].ids is missing",
);
refused(
    "a template with something else",
    "uncased",
    template([{ Other: {} }], both),
    "tokenizer.json.post_processor.single[0] is {",
    "Sequence or SpecialToken",
);
refused("a template with nothing", "uncased", template([{}], both), "tokenizer.json.post_processor.single[0] is {}");
refused(
    "a template that is a text",
    "uncased",
    template("[CLS] $A [SEP]", both),
    'tokenizer.json.post_processor.single is "[CLS] $A [SEP]"',
);
refused(
    "a processor with one value",
    "uncased",
    set(tokenizer, { post_processor: { type: "BertProcessing", sep: ["[SEP]"], cls: ["[CLS]", 7] } }),
    'tokenizer.json.post_processor.sep is ["[SEP]"]',
);
refused(
    "a processor with an id beyond all",
    "uncased",
    set(tokenizer, { post_processor: { type: "BertProcessing", sep: ["[SEP]", 99999], cls: ["[CLS]", 7] } }),
    "99999",
);
refused("version 2", "uncased", set(tokenizer, { version: "2.0" }), 'tokenizer.json.version is "2.0"');
for (const [name, value] of [
    ["truncation", 5],
    ["padding", []],
    ["added_tokens", {}],
    ["pre_tokenizer", true],
    ["post_processor", "x"],
    ["decoder", 5],
    ["model", []],
    ["version", 1],
    ["added_tokens.0", 5],
    ["added_tokens.0.content", 5],
    ["added_tokens.0.id", "0"],
    ["added_tokens.0.lstrip", 1],
    ["added_tokens.0.special", "yes"],
    ["truncation", { direction: 5 }],
    ["truncation", { max_length: "x" }],
    ["padding", { pad_id: "0" }],
]) {
    const inner = typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 1 ? `.${Object.keys(value)[0]}` : "";
    const shown = name.replace(".0", "[0]") + inner;
    refused(
        `${name} of an unexpected kind: ${JSON.stringify(value)}`,
        "uncased",
        set(tokenizer, { [name]: value }),
        `tokenizer.json.${shown} is ${JSON.stringify(inner ? Object.values(value)[0] : value)}`,
    );
}
for (const name of Object.keys({
    add_prefix_space: 0,
    added_tokens_decoder: 0,
    auto_map: 0,
    cls_token: 0,
    errors: 0,
    model_input_names: 0,
    pad_token: 0,
    padding_side: 0,
    stride: 0,
    truncation_side: 0,
    use_fast: 0,
    vocab_file: 0,
})) {
    const wrong = ["stride"].includes(name) ? "x" : 5;
    refused(
        `${name} of an unexpected kind`,
        "uncased",
        set(config, { [name]: wrong }),
        `tokenizer_config.json.${name} is ${JSON.stringify(wrong)}`,
    );
}
refused(
    "added_tokens_decoder with a text",
    "uncased",
    set(config, { "added_tokens_decoder.0": "[PAD]" }),
    'tokenizer_config.json.added_tokens_decoder.0 is "[PAD]"',
);
refused("a file that is no object", "uncased", replace(config, "[]"), "tokenizer_config.json is []");
refused("a file that is no JSON", "uncased", replace(config, "{"), "tokenizer_config.json in", "not valid JSON");
refused(
    "a lone surrogate in a value",
    "uncased",
    replace(config, '{"a": {"b": ["\\ud800"]}}'),
    "tokenizer_config.json.a.b",
    "lone surrogates",
);
refused("a lone surrogate in a name", "uncased", replace(config, '{"a": {"\\udfff": 1}}'), "tokenizer_config.json.a", "lone surrogates");
refused(
    "a lone surrogate where a class is named",
    "uncased",
    replace(config, '{"tokenizer_class": "\\ud800"}'),
    "tokenizer_config.json.tokenizer_class",
    "lone surrogates",
);
refused(
    "a lone surrogate in special_tokens_map.json",
    "uncased",
    replace(specials, '{"cls_token": "\\udc00"}'),
    "special_tokens_map.json.cls_token",
    "lone surrogates",
);
refused("a lone surrogate in added_tokens.json", "uncased", replace(added, '{"\\ud800": 3}'), "added_tokens.json", "lone surrogates");
refused(
    "a lone surrogate in config.json",
    "uncased",
    replace(model, '{"id2label": {"0": "\\ud800"}}'),
    "config.json.id2label.0",
    "lone surrogates",
);
refused(
    "a lone surrogate in vocab.json",
    "roberta",
    [...remove(tokenizer), ...replace(vocabJson, '{"\\ud800": 3}')],
    "vocab.json",
    "lone surrogates",
);
refused(
    "a line's end in a value",
    "uncased",
    set(config, { tokenizer_class: "Bert\nTokenizer\u001b[31m" }),
    "tokenizer_config.json.tokenizer_class asks for the tokenizer class Bert",
);

// vocab.txt, vocab.json and merges.txt.
const pieces = Object.keys(vocabulary.uncased).sort((a, b) => vocabulary.uncased[a] - vocabulary.uncased[b]);
const fromText = (d, list) => {
    d.model.vocab = {};
    list.forEach((p, id) => {
        if (p !== "") d.model.vocab[p] = id;
    });
    for (const t of d.added_tokens) t.id = d.model.vocab[t.content];
    for (const t of Object.values(d.post_processor.special_tokens)) t.ids = t.tokens.map((x) => d.model.vocab[x]);
};
const changed = [...pieces.slice(0, 12), "", ...pieces.slice(12, 40), pieces[20], ...pieces.slice(40), "", pieces[1000], ""];
await done(
    "vocab.txt with empty lines and pieces that are there twice",
    "uncased",
    [...remove(tokenizer), ...replace(vocabText, changed.join("\r\n") + "\r\n"), ...legacy("uncased")],
    { peer: (d) => fromText(d, changed), pairs },
);
await done("vocab.txt without an end of its last line", "uncased", [...remove(tokenizer), ...replace(vocabText, pieces.join("\n"))]);
refused("vocab.txt of nothing", "uncased", [...remove(tokenizer), ...replace(vocabText, "")], "no '[CLS]'");
refused(
    "merges.txt without a space",
    "roberta",
    [...remove(tokenizer), ...replace(merges, "#version: 0.2\na b\nab\n")],
    "Line 3 of merges.txt",
);
refused(
    "merges.txt with an empty line",
    "roberta",
    [...remove(tokenizer), ...replace(merges, "#version: 0.2\n\na b\n")],
    "Line 2 of merges.txt",
);
refused(
    "merges.txt without its first line",
    "roberta",
    [...remove(tokenizer), ...replace(merges, "a b\nab c\n")],
    "merges.txt in",
    "#version",
);
const list = given.roberta.model.merges.map((pair) => pair.join(" "));
await done("merges.txt with a pair that is there twice", "roberta", [
    ...remove(tokenizer),
    ...replace(merges, ["#version: 0.2", ...list, list[0], ""].join("\n")),
]);
refused("no vocabulary", "uncased", remove(tokenizer, vocabText), "neither tokenizer.json nor vocab.txt");
refused("no merges", "roberta", remove(tokenizer, merges), "neither tokenizer.json nor merges.txt");

writeLines("settings.jsonl", rows);
console.log(`${rows.filter((row) => row.tried).length} settings done, ${rows.filter((row) => row.says).length} refused`);
