use futures_util::StreamExt;

use super::*;

fn asked(text: &str, results: usize) -> ModelRequest {
    let mut messages = vec![Arc::new(Message::User(vec![text.into()]))];
    let result = Message::Result { call: "c".into(), text: String::new(), failed: false, images: Vec::new() };
    messages.extend((0..results).map(|_| Arc::new(result.clone())));
    ModelRequest { messages, ..ModelRequest::default() }
}

async fn said(provider: &Scripted, request: ModelRequest) -> Vec<Delta> {
    provider.stream(request).map(Result::unwrap).collect().await
}

#[tokio::test]
async fn lines_are_answered_in_order_up_to_a_stop() {
    let script =
        Script::parse("{\"text\":\"a\"}\n{\"stop\":\"end_turn\"}\n# then\n{\"text\":\"b\"}\n").unwrap();
    let provider = Scripted::new(script);
    assert_eq!(
        said(&provider, asked("x", 0)).await,
        [Delta::Text("a".into()), Delta::Done(StopReason::EndTurn)]
    );
    assert_eq!(
        said(&provider, asked("x", 0)).await,
        [Delta::Text("b".into()), Delta::Done(StopReason::EndTurn)]
    );
    assert!(provider.stream(asked("x", 0)).next().await.unwrap().is_err());
}

#[tokio::test]
async fn a_rule_answers_by_what_was_said_and_how_many_results_came() {
    let script = Script::parse(
        r#"{"when":"n=(\\d+)","results":0,"answer":[{"repeat":{"n":"$1","size":4}}]}
{"when":"n=","results":1,"answer":[{"text":"done"}]}"#,
    )
    .unwrap();
    let provider = Scripted::new(script);
    let first = said(&provider, asked("go n=2", 0)).await;
    assert_eq!(first[..2], [Delta::Text("000 ".into()), Delta::Text("001 ".into())]);
    assert_eq!(said(&provider, asked("go n=2", 1)).await[0], Delta::Text("done".into()));
}

#[test]
fn a_wrong_line_is_named() {
    assert!(Script::parse("{\"text\":\"a\"}\n{\"tex\":1}").unwrap_err().starts_with("line 2"));
}
