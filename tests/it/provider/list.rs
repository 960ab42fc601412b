//! The models that a provider says it has.

use adjutant::provider::ProviderError;

use super::{DIALECTS, KEY, remote};
use crate::support::model::{ModelServer, Reply};

#[tokio::test]
async fn models_are_listed_as_their_provider_names_them() {
    for dialect in &DIALECTS {
        let server = ModelServer::start([Reply::json(200, dialect.models)]).await;
        let models = remote(&dialect.settings(&server.url())).models().await.unwrap();
        let models: Vec<_> = models.iter().map(|model| model.wire.as_str()).collect();
        assert_eq!(models, ["a", "b"], "{}", dialect.name);
        let [asked] = &server.asked()[..] else { panic!("{:?}", server.asked()) };
        assert_eq!(asked.method, "GET");
        assert!(asked.path.starts_with("/v1/models"), "{}", asked.path);
        assert!(asked.headers.values().any(|value| value.contains(KEY)));
    }
}

#[tokio::test]
async fn a_list_that_is_refused_or_none_is_an_error_or_empty() {
    for dialect in &DIALECTS {
        let listed = async |reply: Reply| {
            let server = ModelServer::start([reply]).await;
            remote(&dialect.settings(&server.url())).models().await
        };
        let refused = listed(Reply::json(401, "{}")).await;
        assert!(matches!(refused, Err(ProviderError::Unauthorized(_))), "{refused:?}");
        let page = listed(Reply::new(200, "text/html", "<h1>Sign in</h1>")).await;
        assert!(matches!(page, Err(ProviderError::Unavailable(_))), "{page:?}");
        let gone = listed(Reply::nothing()).await;
        assert!(matches!(gone, Err(ProviderError::Unavailable(_))), "{gone:?}");
        assert!(listed(Reply::json(200, "[]")).await.unwrap().is_empty());
    }
}
