use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior};
use sha2::{Digest, Sha256};

use super::Rule;
use super::context::Context;
use super::message::Content;

/// The templates that are always there: English, for every rule, and the frame around every HTML part.
const BUILT_IN: &[(&str, &str)] = &[
    (LAYOUT, include_str!("templates/layout.html")),
    ("en/order_confirmation.txt", include_str!("templates/en/order_confirmation.txt")),
    ("en/order_confirmation.html", include_str!("templates/en/order_confirmation.html")),
    ("en/shipping_confirmation.txt", include_str!("templates/en/shipping_confirmation.txt")),
    ("en/shipping_confirmation.html", include_str!("templates/en/shipping_confirmation.html")),
    ("en/delivery.txt", include_str!("templates/en/delivery.txt")),
    ("en/delivery.html", include_str!("templates/en/delivery.html")),
    ("en/refund.txt", include_str!("templates/en/refund.txt")),
    ("en/refund.html", include_str!("templates/en/refund.html")),
    ("en/cancellation.txt", include_str!("templates/en/cancellation.txt")),
    ("en/cancellation.html", include_str!("templates/en/cancellation.html")),
    ("en/low_stock.txt", include_str!("templates/en/low_stock.txt")),
    ("en/oversold.txt", include_str!("templates/en/oversold.txt")),
    ("en/back_in_stock.txt", include_str!("templates/en/back_in_stock.txt")),
    ("en/back_in_stock.html", include_str!("templates/en/back_in_stock.html")),
    ("en/tier_changed.txt", include_str!("templates/en/tier_changed.txt")),
    ("en/tier_changed.html", include_str!("templates/en/tier_changed.html")),
    ("en/abandoned_checkout.txt", include_str!("templates/en/abandoned_checkout.txt")),
    ("en/abandoned_checkout.html", include_str!("templates/en/abandoned_checkout.html")),
];

/// Around every HTML part.
const LAYOUT: &str = "layout.html";
/// The blocks of a text template.
const SUBJECT: &str = "subject";
const TEXT: &str = "text";
const SHORT: &str = "short";

/// Templates by name: `<locale>/<rule>.txt` with the blocks `subject`, `text` and `short`, and beside
/// it `<locale>/<rule>.html`. What a template names has to be there, and HTML is escaped.
pub struct Templates {
    environment: Environment<'static>,
    digests: BTreeMap<String, String>,
    /// When there is no template in the recipient's.
    locale: String,
}

/// A template that cannot be used. Says where, and nothing of what it was given.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the template {name:?} is not named <locale>/<rule>.txt or .html")]
    Name { name: String },
    #[error("the template {name}, line {line}: {kind}")]
    Broken { name: String, line: usize, kind: String },
    #[error("the template {name} has no .txt beside it: a mail has a text part")]
    Alone { name: String },
    #[error("there is no template for {rule}")]
    Missing { rule: Rule },
}

/// A message's content, and what it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub content: Content,
    pub locale: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the templates.
    pub digest: String,
}

impl Templates {
    /// Takes the merchant's own over those built in, and tries each rule on a sample: a misspelt
    /// variable is found here and not by a customer.
    pub fn new(own: &BTreeMap<String, String>, locale: &str) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A tag on a line of its own leaves no empty line.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| broken(LAYOUT, &error))?);
        let built_in = BUILT_IN.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        let mut sources: BTreeMap<String, String> = built_in.collect();
        for (name, source) in own {
            check_name(name)?;
            sources.insert(name.clone(), source.clone());
        }
        let alone = |name: &&String| *name != LAYOUT && text_of(name).is_some_and(|text| !sources.contains_key(&text));
        if let Some(name) = sources.keys().find(alone) {
            return Err(TemplateError::Alone { name: name.clone() });
        }
        let mut digests = BTreeMap::new();
        for (name, source) in sources {
            digests.insert(name.clone(), hex::encode(&Sha256::digest(&source)[..8]));
            environment.add_template_owned(name.clone(), source).map_err(|error| broken(&name, &error))?;
        }
        let templates = Self { environment, digests, locale: locale.to_owned() };
        templates.try_all()?;
        Ok(templates)
    }

    /// In the recipient's locale, else its language, else the shop's, else English.
    pub fn render(&self, rule: Rule, locale: Option<&str>, context: &Context) -> Result<Rendered, TemplateError> {
        let has = |locale: &&str| self.digests.contains_key(&format!("{locale}/{rule}.txt"));
        let locale = locale.into_iter().chain([self.locale.as_str(), "en"]).flat_map(with_language).find(has);
        self.render_in(rule, locale.ok_or(TemplateError::Missing { rule })?, context)
    }

    fn render_in(&self, rule: Rule, locale: &str, context: &Context) -> Result<Rendered, TemplateError> {
        let (text, html) = (format!("{locale}/{rule}.txt"), format!("{locale}/{rule}.html"));
        let values = minijinja::Value::from(Serde(context));
        let failed = |error: Error| broken(&text, &error);
        let mut captured = self
            .environment
            .get_template(&text)
            .and_then(|template| template.render_captured(values.clone()))
            .map_err(failed)?;
        let mut block = |name: &str| {
            let rendered = captured.with_state_mut(|state| state.render_block(name));
            rendered.map(|text| text.trim().to_owned()).map_err(failed)
        };
        let (subject, text_part, short) = (block(SUBJECT)?, block(TEXT)?, block(SHORT)?);
        let html_part = match self.digests.contains_key(&html) {
            true => {
                let rendered = self.environment.get_template(&html).and_then(|template| template.render(values));
                Some(rendered.map_err(|error| broken(&html, &error))?)
            }
            false => None,
        };
        let used = [text.as_str(), html.as_str(), LAYOUT].into_iter().filter_map(|name| self.digests.get(name));
        let digest = Sha256::digest(used.map(String::as_str).collect::<String>());
        let content = Content { subject, text: text_part + "\n", html: html_part, short };
        Ok(Rendered { content, locale: locale.to_owned(), digest: hex::encode(&digest[..8]) })
    }

    fn try_all(&self) -> Result<(), TemplateError> {
        let locales: BTreeSet<&str> = self.digests.keys().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        for rule in Rule::ALL {
            let of_rule = |locale: &&&str| self.digests.contains_key(&format!("{locale}/{rule}.txt"));
            for locale in locales.iter().filter(of_rule) {
                self.render_in(rule, locale, &Context::sample(rule))?;
            }
        }
        Ok(())
    }
}

/// `fr-CA`, then `fr`.
fn with_language(locale: &str) -> impl Iterator<Item = &str> {
    let language = locale.split_once(['-', '_']).map(|(language, _)| language);
    [locale].into_iter().chain(language)
}

/// What has to stand beside an HTML template.
fn text_of(name: &str) -> Option<String> {
    name.strip_suffix(".html").map(|stem| format!("{stem}.txt"))
}

fn check_name(name: &str) -> Result<(), TemplateError> {
    let rule = name.split_once('/').and_then(|(_, file)| file.strip_suffix(".txt").or(file.strip_suffix(".html")));
    match name == LAYOUT || rule.is_some_and(|rule| rule.parse::<Rule>().is_ok()) {
        true => Ok(()),
        false => Err(TemplateError::Name { name: name.to_owned() }),
    }
}

fn broken(template: &str, error: &Error) -> TemplateError {
    // Of several templates the innermost is at fault.
    let name = error.name().unwrap_or(template).to_owned();
    TemplateError::Broken { name, line: error.line().unwrap_or_default(), kind: error.kind().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(own: &[(&str, &str)]) -> Result<Templates, TemplateError> {
        let own = own.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
        Templates::new(&own, "en")
    }

    fn refusal(name: &str, source: &str) -> String {
        templates(&[(name, source)]).err().unwrap().to_string()
    }

    fn whole(text: &str) -> String {
        format!(
            "{{% block subject %}}s{{% endblock %}}{{% block text %}}{text}{{% endblock %}}{{% block short %}}{{% endblock %}}"
        )
    }

    #[test]
    fn every_rule_has_a_template_that_works() {
        let templates = templates(&[]).unwrap();
        for rule in Rule::ALL {
            let rendered = templates.render(rule, Some("fr"), &Context::sample(rule)).unwrap();
            let Content { subject, text, short, .. } = rendered.content;
            assert_eq!(rendered.locale, "en");
            assert!(!subject.is_empty() && !short.is_empty() && text.len() > 20, "{rule}: {subject} {text}");
            assert!(!text.contains("\n\n\n"), "{rule} has holes: {text}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_found_before_anything_is_sent() {
        let refused = refusal("en/refund.txt", &whole("\n{{ order.nmae }}"));
        assert_eq!(refused, "the template en/refund.txt, line 2: undefined value");
        assert!(refusal("en/refund.html", "{{ order.nope }}").contains("en/refund.html, line 1: undefined value"));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(refusal("en/refund.txt", "{% block subject %}").contains("syntax error"));
        assert!(refusal("en/refund.txt", "no blocks").contains("en/refund.txt"));
        assert!(refusal("en/refunds.txt", "").contains("not named"));
        assert!(refusal("refund.txt", "").contains("not named"));
        assert!(refusal("fr/refund.html", "").contains("no .txt beside it"));
    }

    #[test]
    fn the_recipients_locale_wins_then_its_language_then_the_shops() {
        let own =
            [("fr/refund.txt", &*whole("fr")), ("fr-CA/refund.txt", &whole("ca")), ("de/refund.txt", &whole("de"))];
        let own = own.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
        let templates = Templates::new(&own, "de-AT").unwrap();
        let context = Context::sample(Rule::Refund);
        for (locale, found) in
            [(Some("fr-CA"), "fr-CA"), (Some("fr-BE"), "fr"), (Some("fr"), "fr"), (Some("it"), "de"), (None, "de")]
        {
            assert_eq!(templates.render(Rule::Refund, locale, &context).unwrap().locale, found, "{locale:?}");
        }
        assert_eq!(
            templates.render(Rule::Delivery, Some("it"), &Context::sample(Rule::Delivery)).unwrap().locale,
            "en"
        );
    }

    #[test]
    fn what_a_customer_is_called_is_never_markup() {
        let mut context = Context::sample(Rule::OrderConfirmation);
        context.recipient.first_name = Some("<script>alert(1)</script>{{ 7*7 }}".to_owned());
        let content = templates(&[]).unwrap().render(Rule::OrderConfirmation, None, &context).unwrap().content;
        let html = content.html.unwrap();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("{{ 7*7 }}") && content.text.contains("<script>alert(1)</script>{{ 7*7 }}"));
    }

    #[test]
    fn another_template_is_another_digest() {
        let context = Context::sample(Rule::Refund);
        let digest =
            |own: &[(&str, &str)]| templates(own).unwrap().render(Rule::Refund, None, &context).unwrap().digest;
        assert_ne!(digest(&[]), digest(&[("en/refund.txt", &whole("x"))]));
    }
}
