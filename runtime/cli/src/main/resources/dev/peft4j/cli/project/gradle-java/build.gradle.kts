plugins {
  application
}

group = "com.example"
version = "1.0-SNAPSHOT"

repositories {
  mavenLocal()
  mavenCentral()
}

// 25, or what Gradle itself runs on if that is newer
val jdk = maxOf(25, JavaVersion.current().majorVersion.toInt())

java { toolchain { languageVersion = JavaLanguageVersion.of(jdk) } }

dependencies {
  implementation(platform("dev.peft4j:peft4j-bom:0.1.0-SNAPSHOT"))
  implementation("dev.peft4j:peft4j-core")
  annotationProcessor("dev.peft4j:peft4j-processor:0.1.0-SNAPSHOT")
  testImplementation("org.junit.jupiter:junit-jupiter:6.1.3")
  testRuntimeOnly("org.junit.platform:junit-platform-launcher:6.1.3")
}

tasks.withType<JavaCompile> {
  options.encoding = "UTF-8"
  options.release = 25
}

// what a JVM that runs peft4j needs
val flags = listOf("--enable-native-access=ALL-UNNAMED", "--add-modules=jdk.incubator.vector")

// gradle run, or another class with -Pmain=com.example.tuning.Serve
application {
  mainClass = providers.gradleProperty("main").orElse("com.example.tuning.Tuning")
  applicationDefaultJvmArgs = flags
}

tasks.test {
  useJUnitPlatform()
  jvmArgs(flags)
}
