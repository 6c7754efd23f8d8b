@echo off
rem Runs peft4j with the flags that its JVM needs. JAVA25_HOME or JAVA_HOME is a Java 25 or newer.
setlocal
set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java"
if defined JAVA25_HOME set "JAVA=%JAVA25_HOME%\bin\java"
"%JAVA%" --enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector %PEFT4J_OPTS% -cp "%~dp0..\lib\*" dev.peft4j.cli.Main %*
exit /b %ERRORLEVEL%
