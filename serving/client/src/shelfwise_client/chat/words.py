"""How customers say what no model tells apart, and what the shop's assistant says around its answers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChatWords:
    """Expressions and sentences in the customers' language; in English where nothing else is given.

    Attributes:
        greeting: Expression of what greets, which says nothing else.
        thanks: Of what thanks or takes leave.
        lead: Of what leads up to anything.
        wish: Of what asks for products.
        recommend: Of what asks for a recommendation.
        together: Of what asks what goes with the products that were shown.
        price: Of what asks for the prices of the products that were shown.
        another: Of what asks for others than those that were recommended.
        any_kind: Of what says that it does not matter which.
        other: Of what begins another wish, and does not add to the one before.
        also: Of what begins with another thing beside the one before.
        refers: Of what points back to what was said before.
        says_little: Of a question that has no word of its own for what it is about.
        greets: What the shop says to a greeting.
        welcome: To thanks.
        found: Before products that were found; `{limits}` is what was understood, in brackets.
        nothing: Where no product fits.
        recommended: Before recommended products.
        with_it: Before products that go with others.
        prices: Before prices of products that were shown.
        then_these: Before products that were shown, where it does not matter which.
        which: Asks which kind is meant; `{kinds}` are some.
        how_much: Asks for a price; `{least}` and `{most}` are those of what was found.
        a_person: Says that a person should answer.
        no_price: Stands for a price that is not known.
    """

    greeting: str = r"\W*(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?\W*"
    thanks: str = (
        r"\W*(?:(?:ok(?:ay)?|great|perfect|no|fine)\W+)*"
        r"(?:thanks?(?: you)?(?: (?:so|very) much| a lot)?|(?:good)?bye)\W*(?:(?:good)?bye)?\W*"
    )
    lead: str = (
        r"^(?:(?:hi|hello|hey|ok(?:ay)?|great|yes|no|well|and|also|then|so)\b[\s,.!]*)+"
        r"|\bplease\b"
    )
    wish: str = (
        r"\b(?:(?:can|could) you (?:please )?(?:help me )?(?:find|show|get|give)(?: me)?"
        r"|(?:please )?(?:find|show|get|give) me|do you (?:have|sell|carry|stock)|have you got"
        r"|i(?: a|')m looking for|i am after"
        r"|(?<!do )i(?:'d| would)? (?:also )?(?:need|want|like)(?: to (?:buy|get))?|i prefer"
        r"|where (?:can i|do i) find|looking for)\b"
    )
    recommend: str = (
        r"\b(?:(?:what|which \w+) (?:would|do|can|could|should) (?:you|i) (?:recommend|suggest|buy|get|try)"
        r"|(?:can|could|would) you (?:recommend|suggest)"
        r"|(?:recommend|suggest|surprise|inspire) me(?: (?:some|any)thing)?"
        r"|(?:any|your) (?:recommendations?|suggestions?|ideas?)|recommend(?:ation)? (?:something|anything)"
        r"|(?:something|anything) (?:for me|i (?:may|might|could|would) like))\b(?: for me\b)?"
    )
    together: str = r"\bgo(?:es)? (?:well |best )?with\b|\bto go with\b|\b(?:bought|buy|get) (?:together )?with\b"
    price: str = (
        r"\bhow much (?:is|are|do|does) (?:it|that|they|those|these|the (?:first|second|third|last|other|cheapest))\b"
        r"|\bwhat (?:do|does) (?:it|that|they|those|these) cost\b|\bwhat (?:is|are) the prices?\b"
    )
    another: str = r"\W*(?:no\W+)?(?:something|anything|what|show me)? ?(?:others?|else)(?: ones?)?(?: please)?\W*"
    any_kind: str = (
        r"\W*(?:i )?(?:(?:do not|don['’]t) (?:really )?(?:care|mind|know)(?: which| what)?"
        r"|(?:it )?does(?: not|n['’]t) matter"
        r"|(?:any|anything|whatever)(?: (?:kind|one|of them))?(?: (?:is|will be|would be) (?:fine|ok(?:ay)?))?)\W*"
    )
    other: str = r"\b(?:instead|rather|actually|forget (?:it|that)|something else|another thing)\b"
    also: str = r"^\W*(?:and|also|plus)\b"
    refers: str = (
        r"\b(?:(?:is|are|was|were|do|does|did|will|can|could|would|for|about|with|without|after|before)"
        r" (?:this|that|these|those)"
        r"|(?:this|that|these|those)(?: (?:ones?|is|are|was|were|has|have|does|did|will)\b|\W*$)"
        r"|it|its|they|them|then|(?<!^is )(?<!^are )there|now|so|too|else|still|already|again"
        r"|back|any ?more|yet|ones?)\b|^\W*(?:and|or|but|if|what if|(?:what|how) about)\b"
    )
    says_little: str = (
        r"\W*(?:(?:who|whom|what|when|where|why|how|which|long|many|do|does|did|can|could|will|would|should|may|must|is|are"
        r"|was|be|am|have|has|had|i|we|you|me|us|my|your|to|for|of|at|in|on|with|from|by|the|an?|until|till|get|go|need"
        r"|want|know|mean|say|tell|ask|call|write|talk|speak|contact|reach|hear|send|take|really|sure|not|just)\b\W*)+"
    )
    greets: str = "Hello. What are you looking for?"
    welcome: str = "You are welcome."
    found: str = "This is what we have{limits}:"
    nothing: str = "I find nothing that fits{limits}."
    recommended: str = "This may suit you:"
    with_it: str = "This goes with it:"
    prices: str = "The prices:"
    then_these: str = "Then these:"
    which: str = "Which kind do you mean: {kinds}?"
    how_much: str = "They cost from {least} to {most}; how much may it be?"
    a_person: str = "I am not sure about that, so a person should answer it."
    no_price: str = "price not known"


ENGLISH = ChatWords()
