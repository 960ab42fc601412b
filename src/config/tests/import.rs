use super::*;

fn imported(json: &str) -> Config {
    House::new([("home/.config/opencode/opencode.jsonc", json)]).load_with([("SET", "s")]).unwrap()
}

fn rules(config: &Config) -> Vec<String> {
    config.rules.iter().map(ToString::to_string).collect()
}

#[test]
fn providers_of_others_become_ours() {
    let config = imported(
        r#"{ // a comment
          "$schema": "https://opencode.ai/config.json", "theme": "x",
          "provider": {
            "lab": {"npm":"@ai-sdk/openai-compatible","name":"Lab","options":{"baseURL":"http://10.1.1.1/v1","apiKey":"{env:SET}","headers":{"X":"y"},"timeout":90000},
              "models":{"m":{"name":"M","reasoning":true,"attachment":true,"tool_call":false,"limit":{"context":10,"output":2},"cost":{"input":1,"output":2.5}}}},
            "gemini": {"options":{"apiKey":"k"}},
            "anthropic": {"npm":"@ai-sdk/anthropic","models":{"claude-x":{}}},
            "none": {"options":{}},
          },
        }"#,
    );
    let lab = provider(&config, "lab");
    assert_eq!((lab.api, lab.name.as_str(), lab.limits.total.as_secs()), (Api::OpenAiChat, "Lab", 90));
    assert_eq!(lab.key, KeySource::Usual(vec!["SET".into()]));
    let model = &lab.models[0];
    assert_eq!(
        (model.context, model.output, model.images, model.tools),
        (Some(10), Some(2), Some(true), Some(false))
    );
    assert_eq!(model.price, Some([1.0, 2.5, 0.0, 0.0]));
    assert_eq!(model.efforts.as_ref().unwrap().len(), 3);
    assert_eq!(provider(&config, "google").key, KeySource::Given(Secret::new("k")));
    assert_eq!(
        (provider(&config, "anthropic").models.len(), provider(&config, "anthropic").api),
        (1, Api::Anthropic)
    );
    told(&config.problems, &["opencode.jsonc:8", "provider.none", "base_url"]);
    assert_eq!(config.problems.len(), 1, "{:?}", config.problems);
}

#[test]
fn permissions_of_others_stay_on_the_careful_side() {
    for (json, expected) in [
        (r#""ask""#, &["ask *"][..]),
        (
            r#"{"*":"ask","read":"allow","grep":"allow","bash":{"rm *":"deny"}}"#,
            &["allow read", "allow search", "ask edit", "ask fetch", "ask mcp", "deny bash(rm *)"],
        ),
        (r#"{"bash":"allow","*":"ask"}"#, &["allow bash", "ask *"]),
        (r#"{"edit":"deny","webfetch":"ask","grep":"allow"}"#, &["allow search", "ask fetch", "deny edit"]),
        (
            r#"{"bash":{"git push":"deny","git log*":"allow","ls *":"allow"}}"#,
            &["allow bash(git log*:*)", "allow bash(ls *)", "deny bash(git push)"],
        ),
        (r#"{"bash":{"*":"ask","git status":"allow"}}"#, &["allow bash(git status)"]),
        (r#"{"bash":{"*":"deny","git status":"allow"}}"#, &["allow bash(git status)", "deny bash"]),
        (
            r#"{"read":{"*.env":"deny","$HOME/.ssh/*":"deny"},"external_directory":"ask"}"#,
            &["deny read(**/*.env)", "deny read(~/.ssh/**)"],
        ),
    ] {
        let config = imported(&format!("{{\"permission\":{json}}}"));
        assert_eq!(rules(&config), expected, "{json} {:?}", config.problems);
        assert_eq!(config.problems, Vec::<String>::new());
    }
    let config = imported(
        "{\"permission\":{\n\"bash\":\"maybe\",\n\"websearch\":\"ask\"},\"tools\":{\"bash\":false},\"plugin\":[]}",
    );
    assert_eq!(rules(&config), ["deny bash"]);
    told(&config.problems, &["opencode.jsonc:2", "maybe"]);
    told(&config.problems, &["opencode.jsonc:3", "websearch"]);
    told(&config.problems, &["`plugin` has no meaning here"]);
}

#[test]
fn agents_and_commands_of_others_are_read_from_json_and_markdown() {
    let house = House::new([
        (
            "home/.config/opencode/opencode.json",
            r#"{"agent":{"a":{"mode":"subagent","tools":{"write":false,"bash":false},"maxSteps":4,"prompt":"{file:./a.txt}",
                 "permission":{"edit":"deny","task":"deny"}},
                 "gone":{"disable":true},"bad":{"description":7}},
                "command":{"c":{"template":"do $ARGUMENTS","agent":"a","subtask":true}}}"#,
        ),
        ("home/.config/opencode/a.txt", "be a"),
        (
            "home/.claude/agents/review.md",
            "---\nname: reviewer\ndescription: Use it: always\ntools: Read, Grep, Bash(git log:*), mcp__docs__find\n\
             model: sonnet\ncolor: red\n---\n\nYou review.\n",
        ),
        (
            "home/.claude/commands/git/commit.md",
            "---\nargument-hint: [message]\nallowed-tools: Bash(git:*)\n---\nCommit $1\n",
        ),
        ("home/.config/adjutant/commands/plain.md", "# Explain it\n\nExplain $ARGUMENTS"),
        (
            "home/.config/adjutant/agents/own.md",
            "---\nmode: plan\nuse_as: primary\npermission:\n  deny:\n    - bash\n---\nx",
        ),
        ("home/.config/adjutant/agents/broken.md", "---\nmode: &x\n---\nx"),
    ]);
    let config = house.load().unwrap();
    let names: Vec<_> = config.agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["a", "own", "reviewer"]);
    let [a, own, reviewer] = &config.agents[..] else { panic!() };
    assert_eq!((a.use_as, a.steps, a.prompt.as_deref()), (AgentUse::Sub, Some(4), Some("be a")));
    assert_eq!(
        (a.without.as_slice(), a.rules.len()),
        (&["write".to_owned(), "bash".into(), "task".into()][..], 1)
    );
    assert_eq!((own.mode, own.use_as, own.rules.len()), (Some(Mode::Plan), AgentUse::Primary, 1));
    assert_eq!(reviewer.tools.as_ref().unwrap().join(" "), "read grep bash docs_find");
    assert_eq!((reviewer.prompt.as_deref(), reviewer.model.as_deref()), (Some("You review."), None));
    let commands: Vec<_> =
        config.commands.iter().map(|it| (it.name.as_str(), it.description.as_str())).collect();
    assert_eq!(commands, [("c", ""), ("git:commit", "Commit $1"), ("plain", "Explain it")]);
    assert_eq!(config.commands[1].hint.as_deref(), Some("[message]"));
    told(&config.problems, &["opencode.json:3", "agent.bad.description"]);
    told(&config.problems, &["broken.md:2", "anchors"]);
    told(&config.problems, &["opencode.json:4: command c: `subtask` has no meaning here"]);
    assert_eq!(config.problems.len(), 3, "{:?}", config.problems);
}

#[test]
fn a_list_of_no_tools_leaves_none() {
    for (written, expected) in [
        ("tools: []", Some(0)),
        ("tools: ''", Some(0)),
        ("tools: ['*']", None),
        ("tools: All tools", None),
        ("description: d", None),
    ] {
        let text = format!("---\n{written}\n---\nYou talk.");
        let house = House::new([("home/.config/adjutant/agents/talker.md", text.as_str())]);
        let config = house.load().unwrap();
        assert_eq!(config.agents[0].tools.as_ref().map(Vec::len), expected, "{written}");
    }
}

#[test]
fn servers_are_read_in_both_ways_of_writing() {
    let config = imported(
        r#"{"mcp":{"a":{"type":"local","command":["npx","-y","a"],"environment":{"K":"${SET}"},"timeout":9000},
                   "b":{"type":"remote","url":"https://b","headers":{"H":"Bearer {env:SET}"}},
                   "off":{"type":"local","command":["x"],"enabled":false},"odd":7},
            "mcpServers":{"c":{"command":"c","args":["1"],"env":["A=b=c"]},"d":{"type":"sse","url":"https://d"}},
            "lsp":{"go":{"command":["gopls","serve"],"extensions":[".go"]},"off":{"disabled":true}},
            "providers":{"groq":{"apiKey":"k"}},"agents":{"coder":{"model":"groq/x"},"task":{"model":"y"}}}"#,
    );
    let names: Vec<_> = config.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let McpTransport::Stdio { command, args, env, .. } = &config.servers[0].transport else { panic!() };
    let words: Vec<_> = std::iter::once(command).chain(args).map(Secret::expose).collect();
    assert_eq!((words.join(" ").as_str(), env[0].1.expose()), ("npx -y a", "s"));
    assert_eq!(config.servers[0].startup.as_secs(), 9);
    let McpTransport::Http { headers, .. } = &config.servers[1].transport else { panic!() };
    assert_eq!(headers[0].1.expose(), "Bearer s");
    let McpTransport::Stdio { env, .. } = &config.servers[2].transport else { panic!() };
    assert_eq!((env[0].0.as_str(), env[0].1.expose()), ("A", "b=c"));
    assert!(matches!(config.servers[3].transport, McpTransport::Sse { .. }));
    assert_eq!((config.language_servers[0].command.as_str(), config.language_servers.len()), ("gopls", 1));
    assert_eq!(config.model, Model::Named("groq/x".into()));
    assert_eq!(provider(&config, "groq").key, KeySource::Given(Secret::new("k")));
    told(&config.problems, &["opencode.jsonc:3", "`odd` is a whole number"]);
    assert_eq!(config.problems.len(), 1, "{:?}", config.problems);
}

#[test]
fn a_file_of_others_that_cannot_be_read_is_told_and_stops_nothing() {
    for (bytes, part) in
        [(&b"{\"model\": "[..], "opencode.jsonc:1"), (b"[1, 2]", ""), (b"\xff\xfe", "not UTF-8"), (b"", "")]
    {
        let house = House::new([]);
        house.write("home/.config/opencode/opencode.jsonc", bytes);
        let config = house.load().unwrap();
        assert_eq!(config.model, Model::Auto);
        if part.is_empty() {
            assert_eq!(config.problems, Vec::<String>::new());
        } else {
            told(&config.problems, &[part]);
        }
    }
    let deep = format!("{{\"mcp\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    told(&imported(&deep).problems, &["nesting"]);
}

/// The words that a server is started with, or where it is.
fn words(server: &McpServer) -> String {
    let words: Vec<&str> = match &server.transport {
        McpTransport::Stdio { command, args, .. } => {
            std::iter::once(command).chain(args).map(Secret::expose).collect()
        }
        McpTransport::Http { url, .. } | McpTransport::Sse { url, .. } => vec![url.expose()],
    };
    words.join(" ")
}

#[test]
fn variables_of_others_are_replaced_wherever_they_stand() {
    let house = House::new([
        (
            "project/.mcp.json",
            r#"{"mcpServers":{
                "a":{"command":"${SET}/bin/a","args":["-k","${SET}","${NONE:-dflt}","${NONE:-}","${SET:-other}","$SET"],
                     "env":{"K":"${NONE:-x:-y}"}},
                "b":{"url":"https://${NONE:-example.org}/${SET}","headers":{"H":"Bearer ${NONE:-h}"}},
                "gone":{"command":"x","args":["y","${NONE}"]}}}"#,
        ),
        (
            "project/opencode.json",
            r#"{"mcp":{"c":{"type":"local","command":["{env:SET}/c","{file:key.txt}","-x"]},
                       "d":{"type":"remote","url":"https://d/{env:SET}"}}}"#,
        ),
        ("project/key.txt", "k3y\n"),
    ]);
    let config = house.load_with([("SET", "s3t")]).unwrap();
    let project = config.project(&house.path("project"));
    let [a, b, c, d] = &project.servers[..] else { panic!("{:?}", project.servers) };
    assert_eq!(words(a), "s3t/bin/a -k s3t dflt  s3t $SET");
    assert_eq!(words(b), "https://example.org/s3t");
    assert_eq!([words(c), words(d)], ["s3t/c k3y -x", "https://d/s3t"]);
    let McpTransport::Stdio { env, .. } = &a.transport else { panic!() };
    assert_eq!(env[0].1.expose(), "x:-y");
    let McpTransport::Http { headers, .. } = &b.transport else { panic!() };
    assert_eq!(headers[0].1.expose(), "Bearer h");
    told(&project.problems, &[".mcp.json:5: mcp.gone.args.2: the variable NONE is not set"]);
    assert_eq!(project.problems.len(), 1, "{:?}", project.problems);
    assert!(!format!("{:?}", project.servers).contains("s3t"));
}

#[test]
fn what_is_no_variable_of_theirs_is_told_and_stays() {
    let config = imported(
        r#"{"mcpServers":{"a":{"command":"sh","args":["-c","${SET%s3cret}"],"env":{"K":"${SET"},"cwd":"${SET}/x"}},
            "mcp":{"b":{"command":["sh","-c","echo ${f}"]}}}"#,
    );
    assert_eq!(words(&config.servers[0]), "sh -c ${SET%s3cret}");
    assert_eq!(words(&config.servers[1]), "sh -c echo ${f}");
    for key in ["mcp a: `args`", "mcp a: `env`", "mcp b: `args`"] {
        told(&config.problems, &[key, "`${` that is not replaced here"]);
    }
    told(&config.problems, &["mcp a: `cwd`", "not replaced"]);
    assert_eq!(config.problems.len(), 4, "{:?}", config.problems);
    assert!(!format!("{:?}", config.problems).contains("s3cret"));
}

#[test]
fn what_a_server_of_others_cannot_have_here_is_told() {
    let config = imported(
        r#"{"mcpServers":{
              "a":{"command":"a","description":"d","timeout":60000,"disabled":false},
              "b":{"url":"https://b","transport":"sse","timeout":"long"},
              "c":{"httpUrl":"https://c","headersHelper":"./token.sh","alwaysAllow":["x"]},
              "off":{"command":"x","disabled":true}},
            "mcp":{"d":{"command":["d"],"timeout":{"startup":9000,"request":8000}},
              "e":{"url":"https://e","oauth":{"clientId":"i","clientSecret":"s3cret"}},
              "f":{"url":"https://f","oauth":false}}}"#,
    );
    let names: Vec<_> = config.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
    let limits = |at: usize| (config.servers[at].startup.as_secs(), config.servers[at].timeout.as_secs());
    assert_eq!([limits(0), limits(3)], [(15, 60), (9, 8)]);
    assert!(matches!(&config.servers[1].transport, McpTransport::Sse { .. }));
    assert!(matches!(&config.servers[2].transport, McpTransport::Http { .. }));
    for parts in [
        ["opencode.jsonc:3: mcp b: ", "`timeout`"],
        ["opencode.jsonc:4: mcp c: ", "`headersHelper` has no meaning here"],
        ["opencode.jsonc:4: mcp c: ", "`alwaysAllow` has no meaning here"],
        ["opencode.jsonc:7: mcp e: ", "`oauth` is left out"],
    ] {
        told(&config.problems, &parts);
    }
    assert_eq!(config.problems.len(), 4, "{:?}", config.problems);
}

#[test]
fn a_command_of_others_that_would_run_something_says_so() {
    let house = House::new([
        (
            "home/.config/opencode/opencode.json",
            r#"{"command":{"log":{"template":"See !`git log`"},"plain":{"template":"Wow! `ls`"},
                "apart":{"template":"x","subtask":true}}}"#,
        ),
        ("home/.claude/commands/diff.md", "Changes:\n\n- !`git diff`"),
    ]);
    let config = house.load().unwrap();
    let log = config.commands.iter().find(|command| command.name == "log").unwrap();
    assert_eq!(log.template, "See !`git log`");
    let said = "!`…` runs nothing here, and stays in the prompt as it is written";
    told(&config.problems, &["opencode.json:1: command log: ", said]);
    told(&config.problems, &["diff.md", "command diff: ", said]);
    told(&config.problems, &["opencode.json:2: command apart: `subtask` has no meaning here"]);
    assert_eq!(config.problems.len(), 3, "{:?}", config.problems);
}
