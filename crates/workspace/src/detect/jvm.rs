use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let script =
        project.first(&["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"]);
    if let Some(script) = script {
        // Started through `sh`, because a checkout may have lost the executable bit.
        let gradle = if project.has("gradlew") { "sh ./gradlew" } else { "gradle" };
        let reason = format!("`{script}`");
        project.test(found, Ecosystem::Jvm, format!("{gradle} --offline --no-daemon test"), reason.clone());
        project.setup(
            found,
            Ecosystem::Jvm,
            format!("{gradle} --no-daemon testClasses"),
            reason,
            Vec::<String>::new(),
        );
    }
    if project.has("pom.xml") {
        let maven = if project.has("mvnw") { "sh ./mvnw" } else { "mvn" };
        project.test(found, Ecosystem::Jvm, format!("{maven} -B -o test"), "`pom.xml`");
        let command = format!("{maven} -B -q test-compile dependency:go-offline");
        project.setup(found, Ecosystem::Jvm, command, "`pom.xml`", Vec::<String>::new());
    }
}
