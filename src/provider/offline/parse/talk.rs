//! Requests that are answered with words, and the summary of the project.

use super::phrase::{Scope, keys, without};
use super::token::Word;
use super::vocabulary::one_of;
use crate::provider::offline::step::{Step, Topic};

const HELLO: &str = "\
    hello|hi|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|howdy|ping|yo|\
    greetings|hello world|are you there|how are you|how are you doing|hello agent|hello adjutant|\
    hi adjutant";

const THANKS: &str = "\
    thanks|thank you|thx|cheers|thanks a lot|thank you very much|great|ok|okay|nice|perfect|good job|\
    well done|many thanks|got it|cool";

const HELP: &str = "\
    help|?|help me|commands|list commands|show commands|what can you do|what can i do|what do you do|\
    usage|what are your capabilities|capabilities|list your capabilities|show help|how do i use this|\
    how does this work|how do you work|what commands are there|what commands do you know|what can i ask|\
    what can i ask you|options|what are you able to do|what do you understand|list available commands|\
    tell me what you can do|what can you help with|what can you help me with|show me what you can do|\
    what tools do you have|list your tools|which tools do you have|list tools";

const MODEL: &str = "\
    model|models|which model are you|what model are you|what model is this|which model is this|\
    which model do you use|what model do you use|what model are you using|which model are you using|\
    what llm are you|how to configure|configure model|configure a model|how do i configure a model|\
    how do i configure the model|how can i configure a model|how to configure a model|\
    how do i set up a model|set up a model|setup model|set model|use a model|how do i use a model|\
    who are you|what are you|are you an ai|are you a language model|are you an llm|are you chatgpt|\
    are you claude|are you gpt|how do i set an api key|how do i set the api key|\
    where do i put my api key|list models|which models are there|what models are available|\
    list the models|show models|how do i add a model|add a model|change the model|switch model|\
    introduce yourself";

/// `describe` and its kin, each with what may be described.
const SUMMARISE: &str = "\
    summarise|summarize|describe|explain|overview of|give overview of|give summary of|summary of|\
    write summary of|show summary of|introduce|tell about|tell me about|what is|what's|what does|\
    analyse|analyze|get overview of|give quick overview of|give short overview of|give brief summary of|\
    provide overview of|provide summary of|show overview of";

const PROJECT: &str = "\
    project|repo|repository|codebase|code base|workspace|directory|folder|project do|repo do|\
    repository do|project about|repo about|repository about|codebase about|code|whole project|\
    codebase do|project structure|project to|code do|structure of project|current project|\
    current directory";

const ALONE: &str = "\
    summary|overview|project summary|project overview|summarise|summarize|describe|give overview|\
    give summary";

/// Greetings, questions about the agent, and the summary.
pub(super) fn rule(words: &[Word], _: &Scope<'_>) -> Option<Vec<Step>> {
    let said = keys(words);
    let said = said.trim_end_matches(['!', '?', '.']).trim();
    if said.is_empty() && words.iter().all(|word| word.text == "?") {
        return Some(vec![Step::Say(Topic::Help)]);
    }
    let topic = [(HELLO, Topic::Hello), (THANKS, Topic::Thanks), (HELP, Topic::Help), (MODEL, Topic::Model)];
    if let Some((_, topic)) = topic.iter().find(|(phrases, _)| one_of(said, phrases)) {
        return Some(vec![Step::Say(*topic)]);
    }
    is_summary(words).then(|| vec![Step::Summary])
}

fn is_summary(words: &[Word]) -> bool {
    const NOISE: &str = "the a an me us this that my our please here all for to";
    let kept: Vec<&str> = without(words, NOISE)
        .iter()
        .map(|word| if word.is_marked() { "\"" } else { word.key.as_str() })
        .collect();
    let said = kept.join(" ");
    one_of(&said, ALONE)
        || SUMMARISE.split('|').any(|verb| {
            said.strip_prefix(verb)
                .and_then(|rest| rest.strip_prefix(' '))
                .is_some_and(|object| one_of(object, PROJECT))
        })
}
