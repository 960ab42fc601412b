use super::plan::Plan;

fn plan(servers: &[&str], tasks: &[&str]) -> Result<Plan, &'static str> {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    Plan::new(&texts(servers), &texts(tasks))
}

fn pairs(plan: &Plan) -> Vec<(&str, &str)> {
    plan.jobs.iter().map(|job| (job.server.as_deref().unwrap_or("-"), job.text.as_str())).collect()
}

#[test]
fn one_task_is_everybodys() {
    let plan = plan(&["a", "b"], &["t"]).unwrap();
    assert_eq!(pairs(&plan), [("a", "t"), ("b", "t")]);
    assert_eq!(plan.take(), None);
}

#[test]
fn several_tasks_are_dealt_in_order_and_the_rest_is_for_who_is_ready() {
    let plan = plan(&["a", "b"], &["1", "2", "3", "4"]).unwrap();
    assert_eq!(pairs(&plan), [("a", "1"), ("b", "2"), ("-", "3"), ("-", "4")]);
    assert_eq!([plan.take(), plan.take(), plan.take()], [Some(2), Some(3), None]);
}

#[test]
fn what_cannot_be_meant_is_said() {
    plan(&["a"], &[]).unwrap_err();
    plan(&["a", "b", "c"], &["1", "2"]).unwrap_err();
}
