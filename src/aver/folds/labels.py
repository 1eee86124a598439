"""Label sets: how the words of the corpora become the labels of a benchmark.

Each corpus has its own words: RAVDESS says `angry`, SAVEE `anger`.  `native` keeps them; the other sets are declared
here, once, by meaning: every word stands under the emotion that it names, and a set is a choice of emotions.  A word
whose emotion is not in the set is left out of the benchmark, and so is a word that no emotion lists; the two are told
apart, because the second may be a slip.  Nothing is matched by likeness: `Happy` is not `happy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: emotion → the corpora's words for it.  RAVDESS and the built-in corpus: angry disgust fearful happy sad surprised
#: neutral, RAVDESS also calm.  SAVEE, RML, eNTERFACE'05 and BAUM-1: anger disgust fear happiness sadness surprise,
#: SAVEE also neutral.  CREMA-D: anger disgust fear happy neutral sad.  From `boredom` on: BAUM-1's other states
#: (Zhalehpour et al. 2016), which are in none of the sets.
WORDS: Mapping[str, Sequence[str]] = {
    "anger": ("anger", "angry"),
    "disgust": ("disgust",),
    "fear": ("fear", "fearful"),
    "happiness": ("happiness", "happy"),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
    "calm": ("calm",),
    "neutral": ("neutral",),
    "boredom": ("boredom",),
    "contempt": ("contempt",),
    "interest": ("interest",),
    "bothered": ("bothered",),
    "concentrating": ("concentrating",),
    "thinking": ("thinking",),
    "unsure": ("unsure",),
}
EMOTION_OF: Mapping[str, str] = {word: emotion for emotion, words in WORDS.items() for word in words}

#: The six emotions of Ekman (1992): also all that RML and eNTERFACE'05 hold.
BASIC6 = frozenset({"anger", "disgust", "fear", "happiness", "sadness", "surprise"})
#: `aver.params.names.LABEL_SETS` → the emotions in the set; None: the corpora's own words, whatever they are.
LABEL_SETS: Mapping[str, frozenset[str] | None] = {
    "native": None,
    "basic6": BASIC6,
    # System D (Bilotti et al. 2024, section 5): "When not differently pointed out, the experiments aimed to classify
    # five emotions: angry, disgust, fear, happy, and sad."
    "five": BASIC6 - {"surprise"},
    # System C (Wozniak et al. 2023, section 1): "calm, happiness, sadness, anger, fear, disgust, and surprise";
    # section 4.1: "Neutral expression was excluded".
    "seven": BASIC6 | {"calm"},
}

#: Why a word has no label in a set.
OUTSIDE, UNKNOWN = "outside_label_set", "unknown_word"


def label_of(word: str, label_set: str) -> tuple[str, str]:
    """Return the label of a corpus's word in a set, and an empty text; or an empty text and why it has none.

    Example:
        >>> label_of("fearful", "basic6"), label_of("neutral", "basic6"), label_of("fearful", "native")
        (('fear', ''), ('', 'outside_label_set'), ('fearful', ''))
        >>> label_of("feerful", "basic6")
        ('', 'unknown_word')
    """
    chosen = LABEL_SETS[label_set]
    if chosen is None:
        return word, ""
    emotion = EMOTION_OF.get(word)
    if emotion is None:
        return "", UNKNOWN
    return (emotion, "") if emotion in chosen else ("", OUTSIDE)


def clashes(words: Mapping[str, set[str]]) -> list[str]:
    """Return the emotions that corpora call by different words, as `anger (ravdess: angry; rml: anger)`.

    Args:
        words: per corpus the words of its clips.
    """
    found = []
    for emotion, known in WORDS.items():
        used = {corpus: sorted(own & set(known)) for corpus, own in sorted(words.items()) if own & set(known)}
        if len({tuple(own) for own in used.values()}) > 1:
            said = "; ".join(f"{corpus}: {', '.join(own)}" for corpus, own in used.items())
            found.append(f"{emotion} ({said})")
    return found
